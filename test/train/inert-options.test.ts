import { describe, expect, it } from "vitest";
import { parseRunConfig } from "../../src/train/index.js";

describe("options that would do nothing are errors", () => {
  it.each([
    [{ momentum: 0.5, optimizer: "adamw" }, "momentum: expected optimizer sgd, .* beside it, got adamw"],
    [{ beta1: 0.5 }, "beta1: expected optimizer adam, .* beside it, got sgd"],
    [{ nesterov: true, optimizer: "adam" }, "nesterov: expected optimizer sgd, sgdp, sgdc beside it, got adam"],
    [{ projection: "cosine" }, "projection: expected optimizer sgdp, adamp"],
    [{ sizeDecay: 0.5, optimizer: "sgdc" }, "sizeDecay: expected optimizer rotational-sgd, rotational-adamw"],
    [{ norm: { size: 16 } }, "norm.size: expected norm.kind ghost beside it, got batch"],
    [{ norm: { kind: "ghost", groups: 4 } }, "norm.groups: expected norm.kind group"],
    [{ norm: { kind: "mean-only", metric: "l1" } }, "norm.metric: .* got mean-only"],
    [{ norm: { kind: "none" }, normAccumulator: "fp16-sum" }, "normAccumulator: .* got none"],
    [{ weightNorm: { kind: "weight", rho: 2 } }, "weightNorm.rho: expected weightNorm.kind bounded, forced"],
    [{ overflowLimit: 3 }, "overflowLimit: expected precision fp16, bf16 beside it, got fp32"],
  ])("%o", (options, message) => {
    expect(() => parseRunConfig({ model: "vgg11", ...options })).toThrow(new RegExp(message));
  });

  it("but not by their defaults, which run.json holds, nor where they are used", () => {
    const adamw = parseRunConfig({ model: "vgg11", optimizer: "adamw", beta1: 0.5 });
    expect(parseRunConfig(adamw)).toEqual(adamw);
    const ghost = { kind: "ghost", size: 16, metric: "l1" } as const;
    expect(parseRunConfig({ model: "vgg11", momentum: 0.5, norm: ghost }).norm).toMatchObject(ghost);
  });
});
