import { describe, expect, it } from "vitest";
import { comparisonReport, resultRows, resultTable } from "../../src/report/index.js";
import { sampleReport, sampleRun } from "./sample-report.js";

describe("resultRows", () => {
  it("pairs by seed, not by position", () => {
    const runs = [
      sampleRun("a", 1, { testAccuracy: 80 }),
      sampleRun("a", 2, { testAccuracy: 90 }),
      sampleRun("b", 2, { testAccuracy: 91 }),
      sampleRun("b", 1, { testAccuracy: 81.5 }),
    ];
    const { difference } = resultRows(sampleReport({ runs }))[1]!;
    expect(difference!.values.toSorted()).toEqual([1, 1.5]);
    expect(difference!.mean).toBeCloseTo(1.25, 12);
    expect(difference!.halfWidth).toBeCloseTo((12.706204736174705 * Math.sqrt(0.125)) / Math.sqrt(2), 10);
  });

  it("leaves out seeds that only one side has", () => {
    const runs = [sampleRun("a", 1), sampleRun("b", 1), sampleRun("b", 7, { testAccuracy: 0 })];
    const row = resultRows(sampleReport({ runs }))[1]!;
    expect(row.difference!.values).toHaveLength(1);
    expect(row.difference!.halfWidth).toBeUndefined();
  });

  it("says a note that all seeds share once, and names the seeds of others", () => {
    const runs = [sampleRun("a", 1, { notes: ["slow", "capped 3"] }), sampleRun("a", 2, { notes: ["slow"] })];
    expect(resultRows(sampleReport({ runs }))[0]!.notes).toEqual(["slow", "seed 1: capped 3"]);
  });
});

describe("resultTable", () => {
  it("aligns means, spreads and paired intervals", () => {
    expect(resultTable(sampleReport()).split("\n")).toEqual([
      "run        test accuracy %      difference [95%]  best validation %     train loss  images/s",
      "─────────  ───────────────  ────────────────────  ─────────────────  ─────────────  ────────",
      "decay on      86.38 ± 0.18             reference       86.50 ± 0.71  0.265 ± 0.007      1500",
      "decay off     84.75 ± 0.35  −1.63 [−3.21, −0.04]       86.50 ± 0.71  0.215 ± 0.007      1500",
      "± standard deviation over 2 seeds; differences are paired by seed, 95% t-interval",
    ]);
  });

  it("leaves out what no run has, and intervals of a single seed", () => {
    const { testAccuracy: _, imagesPerSecond: __, ...run } = sampleRun("a", 1);
    const table = resultTable(sampleReport({ runs: [run] }));
    expect(table).not.toMatch(/test accuracy|difference|images|±|\[/);
    expect(table).toContain("0.260");
  });

  it("prints no control characters of a name", () => {
    const run = sampleRun("a", 1, { label: "\u001b[2Jgone\u202e", notes: ["\u0007bell"] });
    const table = resultTable(sampleReport({ runs: [run] }));
    expect(table.replaceAll("\n", "")).not.toMatch(/\p{C}/u);
    expect(table).toContain("gone");
  });
});

describe("comparisonReport", () => {
  it("titles the runs and keeps what is given", () => {
    const runs = [sampleRun("a", 1), sampleRun("b", 1)];
    expect(comparisonReport({ runs, stepsPerEpoch: 5 }).title).toBe("2 runs compared");
    expect(comparisonReport({ runs, stepsPerEpoch: 5, title: "Mine" }).title).toBe("Mine");
  });
});
