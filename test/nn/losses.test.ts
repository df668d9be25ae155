import { describe, expect, it } from "vitest";
import { numbersOf, type Tensor, tensor } from "../../src/core/index.js";
import { Graph, gradients, total } from "../../src/graph/index.js";
import { mean, softmaxCrossEntropy } from "../../src/nn/index.js";
import { evaluate } from "../../src/reference/index.js";
import { checkGradient } from "../support/gradient-check.js";
import { normal } from "../support/random-tensors.js";

const graph = new Graph();
const logits = graph.input("logits", [3, 4]);
const labels = graph.input("labels", [3], "int32");
const losses = softmaxCrossEntropy(logits, labels);
const wanted = tensor([2, 0, 3], [3], "int32");

describe("softmaxCrossEntropy", () => {
  it("is −log softmax at the label", () => {
    const held = normal("logits", [3, 4]);
    const expected = [2, 0, 3].map((label, row) => {
      const exponentials = Array.from(held.data.subarray(row * 4, row * 4 + 4), (x) => Math.exp(x));
      return -Math.log(exponentials[label]! / exponentials.reduce((sum, x) => sum + x, 0));
    });
    const [got] = evaluate([losses], { logits: held, labels: wanted });
    expect(numbersOf(got!)).toEqual(expected.map((loss) => expect.closeTo(loss, 13)));
  });

  it("stays finite where the exponentials would not", () => {
    const held = tensor([0, 0, 1e4, 0, 0, 1e4, 0, 0, -1e4, -1e4, -1e4, -1e4], [3, 4]);
    const [slope] = gradients(total(losses), [logits]);
    const [got, slopes] = evaluate([losses, slope!], { logits: held, labels: wanted });
    const expectThese = (values: Tensor, expected: readonly number[]): void =>
      expect(numbersOf(values)).toEqual(expected.map((value) => expect.closeTo(value, 12)));
    expectThese(got!, [0, 1e4, Math.log(4)]);
    expectThese(slopes!, [0, 0, 0, 0, -1, 1, 0, 0, 0.25, 0.25, 0.25, -0.75]);
  });

  it("has the right gradient", () => {
    const inputs = { logits: normal("logits", [3, 4]), labels: wanted };
    checkGradient(inputs, (values) => mean(softmaxCrossEntropy(values.logits!, values.labels!)));
  });

  it("takes labels of either integer type", () => {
    const wide = new Graph();
    const value = softmaxCrossEntropy(wide.input("logits", [3, 4]), wide.input("labels", [3], "int64"));
    const held = normal("logits", [3, 4]);
    const [other] = evaluate([value], { logits: held, labels: tensor([2, 0, 3], [3], "int64") });
    expect(other).toEqual(evaluate([losses], { logits: held, labels: wanted })[0]);
  });
});

it("mean is the mean of all elements, a scalar", () => {
  const value = mean(logits);
  expect(value.shape).toEqual([]);
  const held = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [3, 4]);
  expect(evaluate([value], { logits: held })[0]!.data[0]).toBeCloseTo(6.5, 13);
});
