import { describe, expect, it } from "vitest";
import type { FinestInvariance, WeightInvariance } from "../../src/dynamics/index.js";
import { judge, type WeightEvidence } from "../../src/foreign/verify/judge.js";

// What is concluded of a weight that is said not to be invariant alone, from evidence of all kinds.

const said = (invariance: FinestInvariance) => ({ invariance, withoutEffect: false }) as WeightInvariance;

/** Changes of the outputs and cosines of the gradient, by how much of the weight is scaled. */
function evidence(given: { channel: number; tensor: number; replaced: number; cosine: number; whole: number }) {
  const cosine = (value: number) => ({ largest: value, beyondNoise: value });
  const made: WeightEvidence = {
    tolerance: 2e-5,
    degree: undefined,
    claimedChange: async () => undefined,
    lengthenedChange: async () => 0,
    claimedCosine: () => cosine(given.cosine),
    lengthenedCosine: async () => 0,
    channelChange: async () => given.channel,
    channelCosine: () => cosine(given.cosine),
    tensorChange: async () => given.tensor,
    tensorCosine: () => cosine(given.whole),
    replacedChange: async () => given.replaced,
  };
  return made;
}

describe("a weight that is said not to be invariant", () => {
  it("is not, if scaling it changes the outputs", async () => {
    const clear = evidence({ channel: 0.3, tensor: 0.2, replaced: 1, cosine: 0.4, whole: 0.2 });
    expect(await judge(said("none"), clear)).toEqual({ found: "none", agrees: true });
  });

  it("is, if neither the outputs nor the gradient know of its scale", async () => {
    const channels = evidence({ channel: 1e-7, tensor: 1e-7, replaced: 1, cosine: 1e-6, whole: 1e-6 });
    expect(await judge(said("none"), channels)).toMatchObject({ found: "channel", agrees: false });
    const tensor = evidence({ channel: 0.1, tensor: 1e-7, replaced: 1, cosine: 0.2, whole: 1e-6 });
    expect(await judge(said("none"), tensor)).toMatchObject({ found: "tensor", agrees: false });
    const nothing = evidence({ channel: 1e-7, tensor: 1e-7, replaced: 1e-7, cosine: 0, whole: 0 });
    expect(await judge(said("none"), nothing)).toMatchObject({
      agrees: false,
      disagreement: "the outputs do not change when it is replaced by another value",
    });
  });

  it("is judged by its gradient, if the outputs hardly depend on it at all", async () => {
    const drowned = evidence({ channel: 1e-6, tensor: 1e-7, replaced: 1e-6, cosine: 0.5, whole: 5e-4 });
    expect(await judge(said("none"), drowned)).toEqual({ found: "none", agrees: true, faint: true });
    const slanted = evidence({ channel: 1e-6, tensor: 1e-7, replaced: 1e-6, cosine: 9e-3, whole: 9e-3 });
    expect(await judge(said("none"), slanted)).toMatchObject({ agrees: true });
  });
});
