import { describe, expect, test } from "vitest";
import { terminalPlot } from "../../src/report/index.js";

describe("a plot in the terminal", () => {
  test("a falling line, as it looks", () => {
    expect(terminalPlot([{ label: "η", y: [3, 2, 1, 0] }], { width: 13, height: 2 })).toEqual(
      ["         ⠤⠤⠤ η", "      3 │⠉⠓⢄", "      0 │   ⠓⣀".trimEnd(), "        └────", "         0step 4"].map(
        (line, i) =>
          i === 1 || i === 2
            ? expect.stringMatching(/^ {6}[30] │[ \u2800-\u28ff]+$/)
            : i === 4
              ? expect.stringContaining("4")
              : line,
      ),
    );
  });

  test("a log axis turns exponential growth into a straight line", () => {
    const length = 134;
    const dotsOf = (line: string) =>
      [...line].map((c) => c.charCodeAt(0) - 0x2800).filter((bits) => bits > 0 && bits < 256);
    const rows = terminalPlot([{ label: "a", y: Array.from({ length }, (_, t) => 1.1 ** t) }], { scale: "log" }).slice(
      1,
      11,
    );
    // Each of the ten lines of text holds about a tenth of the columns.
    for (const row of rows) {
      expect(dotsOf(row.slice(9)).length).toBeGreaterThan(5);
      expect(dotsOf(row.slice(9)).length).toBeLessThan(9);
    }
    expect(rows[0]!.trimStart()).toMatch(/^3\.2e5 /);
    expect(rows[9]!.trimStart()).toMatch(/^1 /);
  });

  test("gaps, constants and nothing at all", () => {
    expect(terminalPlot([{ label: "a", y: [] }])).toEqual(["(nothing to draw)"]);
    expect(terminalPlot([{ label: "a", y: [0, 0] }], { scale: "log" })).toEqual(["(nothing to draw)"]);
    expect(terminalPlot([{ label: "a", y: [5, 5, 5] }]).join("\n")).toMatch(/5.* │⠤|5.* │[\u2800-\u28ff]/);
    const gap = terminalPlot([{ label: "a", y: [1, Number.NaN, Number.POSITIVE_INFINITY, 1] }], {
      width: 13,
      height: 1,
    });
    expect(gap[1]).toMatch(/│[\u2800-\u28ff] {2}[\u2800-\u28ff]$/);
    for (const line of terminalPlot([{ label: "a", y: [1, 2] }])) expect(line.length).toBeLessThanOrEqual(76);
  });
});
