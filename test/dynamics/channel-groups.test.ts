import { describe, expect, it } from "vitest";
import { ShapeError } from "../../src/core/index.js";
import { groupNorms, groupSquaredChords, type WeightTensor } from "../../src/dynamics/index.js";

const tensor = (shape: readonly number[], ...data: number[]): WeightTensor => ({
  dtype: "float64",
  shape,
  data: Float64Array.from(data),
});

describe("groups of channels", () => {
  const weight = tensor([2, 3, 2], 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);

  it("have norms of their own, along any axis; a channel in no group is left out", () => {
    expect([...groupNorms(weight, { axis: 1, groups: [1, -1, 0] })]).toEqual([Math.sqrt(326), Math.sqrt(118)]);
    expect([...groupNorms(weight)]).toEqual([Math.sqrt(91), Math.sqrt(559)]);
    expect([...groupNorms(weight, { groups: [-1, -1] })]).toEqual([]);
  });

  it("have directions of their own", () => {
    const [first, second] = groupSquaredChords(tensor([2, 2], 3, 0, 0, 5), tensor([2, 2], 0, 4, 0, 7));
    expect(first).toBeCloseTo(2, 12); // a right angle
    expect(second).toBe(0); // only longer
  });

  it("are one of a scalar, and none of an axis that is not there", () => {
    expect([...groupNorms(tensor([], -3))]).toEqual([3]);
    expect(() => groupNorms(weight, { axis: 3 })).toThrow(ShapeError);
  });
});
