import { describe, expect, test } from "vitest";
import { terminalPlot } from "../../src/report/index.js";

describe("a plot in the terminal", () => {
  test("a falling line and a constant one, as they look", () => {
    const lines = [
      { label: "a", y: Array.from({ length: 16 }, (_, t) => 15 - t) },
      { label: "b", y: new Array(16).fill(7.5), style: "dotted" as const },
    ];
    expect(terminalPlot(lines, { width: 17, height: 4 })).toMatchInlineSnapshot(`
      [
        "         ⠤⠤⠤ a   ⠄⠄⠄ b",
        "     15 │⠑⢄",
        "        │  ⠑⢄",
        "    5.5 │⠁ ⠁ ⠑⢄⠁",
        "      0 │      ⠑⢄",
        "        └────────",
        "         0step 16",
      ]
    `);
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

  test("a few values near 0 do not take up the log axis", () => {
    const y = Array.from({ length: 1000 }, (_, t) => (t === 999 ? 1e-12 : 1 + t / 1000));
    expect(terminalPlot([{ label: "a", y }], { scale: "log" })[10]).toMatch(/^ +0\.102 │/);
  });

  test("gaps, constants and nothing at all", () => {
    expect(terminalPlot([{ label: "a", y: [] }])).toEqual(["(nothing to draw)"]);
    expect(terminalPlot([{ label: "a", y: [0, 0] }], { scale: "log" })).toEqual(["(nothing to draw)"]);
    expect(
      terminalPlot([{ label: "a", y: [5, 5, 5] }]).filter((line) => /│[\u2801-\u28ff]{67}$/.test(line)),
    ).toHaveLength(1);
    const gap = terminalPlot([{ label: "a", y: [1, Number.NaN, Number.POSITIVE_INFINITY, 1] }], {
      width: 13,
      height: 1,
    });
    expect(gap[1]).toMatch(/│[\u2800-\u28ff] {2}[\u2800-\u28ff]$/);
    for (const line of terminalPlot([{ label: "a", y: [1, 2] }])) expect(line.length).toBeLessThanOrEqual(76);
  });
});
