import { describe, expect, it } from "vitest";
import { panelsOf } from "../../src/report/panels.js";
import { chartView, maximumPoints } from "../../src/report/series.js";
import { sampleReport, sampleRun } from "./sample-report.js";

describe("chartView", () => {
  it("adds the mean over seeds, with the widest band", () => {
    const x = [0, 1];
    const seed1 = { group: 0, seed: 1, x, y: [1, 2], low: [0, 1], high: [3, 3] };
    const seed2 = { group: 0, seed: 2, x, y: [3, 6], low: [2, 0], high: [4, 8] };
    const view = chartView([seed1, seed2]);
    expect(view.lines.at(-1)).toEqual({ group: 0, seed: "mean", x: 0, y: [2, 4], low: [0, 0], high: [4, 8] });
    expect(view.x).toEqual([x]);
  });

  it("averages only where all seeds have a point", () => {
    const view = chartView([
      { group: 0, seed: 1, x: [1, 2, 3], y: [1, 2, 3] },
      { group: 0, seed: 2, x: [1, 3], y: [3, 5] },
    ]);
    const mean = view.lines.find(({ seed }) => seed === "mean")!;
    expect([view.x[mean.x], mean.y]).toEqual([
      [1, 3],
      [2, 4],
    ]);
  });

  it("thins a long curve without making values that were never reached, and keeps the extremes of its band", () => {
    const x = Array.from({ length: 10_001 }, (_, i) => i);
    const y = x.map((i) => (i < 5003 ? 1 : 0.1));
    const low = x.map((i) => (i === 777 ? -5 : 0));
    const { x: places, lines } = chartView([{ group: 0, seed: 1, x, y, low, high: y }]);
    expect(lines[0]!.y.length).toBeLessThanOrEqual(maximumPoints);
    expect(lines[0]!.y.length).toBeGreaterThan(maximumPoints / 2);
    expect(new Set(lines[0]!.y)).toEqual(new Set([1, 0.1]));
    expect(Math.min(...lines[0]!.low!.map(Number))).toBe(-5);
    const jump = lines[0]!.y.indexOf(0.1);
    expect(Math.abs(places[0]![jump]! - 5003)).toBeLessThan(32);
  });

  it("shows what is not finite as a gap", () => {
    const { lines } = chartView([{ group: 0, seed: 1, x: [0, 1, 2], y: [1, Number.NaN, Number.POSITIVE_INFINITY] }]);
    expect(lines[0]!.y).toEqual([1, null, null]);
  });
});

describe("panelsOf", () => {
  it("has a view for each layer, positions in epochs, and the mean cosine first", () => {
    const [training, norms, directions] = panelsOf(sampleReport());
    expect(training!.charts.map(({ id }) => id)).toEqual(["accuracy", "loss"]);
    expect(norms!.choices).toEqual(["features.0", "features.4"]);
    expect(norms!.charts.map(({ views }) => views.length)).toEqual([2, 2, 2]);
    expect(norms!.charts[0]!.views[0]!.x[0]!.slice(0, 3)).toEqual([0, 0.1, 0.2]);
    const [mean, first, second] = directions!.charts[0]!.views.map(({ lines }) => lines[0]!.y.at(-1));
    expect([first, second, mean]).toEqual([0.71, 0.42, 0.565]);
  });

  it("counts the epochs of each run by its own steps", () => {
    const runs = [sampleRun("a", 1), sampleRun("b", 1, { stepsPerEpoch: 30 })];
    const view = panelsOf(sampleReport({ runs }))[1]!.charts[0]!.views[0]!;
    expect(view.lines.map((line) => view.x[line.x]!.at(-1))).toEqual([2.9, 0.966667]);
  });

  it("leaves out panels without data", () => {
    const { layers: _, directionCosine: __, ...run } = sampleRun("a", 1);
    expect(panelsOf(sampleReport({ runs: [run] })).map(({ id }) => id)).toEqual(["training"]);
  });
});
