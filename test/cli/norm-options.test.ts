import { describe, expect, it } from "vitest";
import { runConfigFrom } from "../../src/cli/run-options.js";
import type { RunConfig } from "../../src/train/index.js";

const config = (options: Record<string, string>): Promise<RunConfig> =>
  runConfigFrom({ model: "resnet20", ...options }, []);

describe("options of norms", () => {
  it("leave batch-norm in L2 and plain weights where none is given", async () => {
    const { norm, weightNorm, weightScale, branchScale } = await config({});
    expect(norm).toEqual({ kind: "batch", metric: "l2", constant: "paper", size: 32, groups: 32, epsilon: 1e-5 });
    expect(weightNorm).toEqual({ kind: "none", metric: "l2", constant: "paper" });
    expect([weightScale, branchScale]).toEqual([1, undefined]);
  });

  it("set the fields of their part", async () => {
    const { norm, weightNorm, branchScale } = await config({
      norm: "ghost",
      "norm-metric": "top10",
      "norm-constant": "exact",
      "norm-size": "16",
      "weight-norm": "bounded",
      "weight-norm-metric": "l1",
      "weight-norm-constant": "1.5",
      "weight-norm-per": "channel",
      "weight-norm-rho": "2",
      "branch-scale": "none",
    });
    expect(norm).toMatchObject({ kind: "ghost", metric: "top10", constant: "exact", size: 16 });
    expect(weightNorm).toEqual({ kind: "bounded", metric: "l1", constant: 1.5, per: "channel", rho: 2 });
    expect(branchScale).toBe("none");
  });

  it("may set a metric alone", async () => {
    expect((await config({ "norm-metric": "linf" })).norm).toMatchObject({ kind: "batch", metric: "linf" });
  });
});
