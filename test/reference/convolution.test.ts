import { describe, expect, it } from "vitest";
import { numbersOf, sizeOf, type Tensor, tensor } from "../../src/core/index.js";
import * as g from "../../src/graph/index.js";
import { evaluate } from "../../src/reference/index.js";
import { expectClose } from "../support/compare.js";
import { buildCase, primitiveCases } from "../support/primitive-cases.js";
import { normal } from "../support/random-tensors.js";
import { numbers } from "./evaluate.js";

/** The definition, one loop per letter: y[n, k, i, j] = Σ_{c, a, b} w[k, c, a, b] · x[n, group + c, i·s + a·d − p, …]. */
function naiveConvolution(x: Tensor, w: Tensor, shape: readonly number[], params: g.Conv2dParams): Tensor {
  const [images, outputs, rows, columns] = shape as [number, number, number, number];
  const [, inChannels, height, width] = x.shape as [number, number, number, number];
  const [, channels, kernelRows, kernelColumns] = w.shape as [number, number, number, number];
  const { stride, padding, dilation, groups } = params;
  const out = new Float64Array(sizeOf(shape));
  let at = 0;
  for (let n = 0; n < images; n++)
    for (let k = 0; k < outputs; k++)
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++, at++)
          for (let c = 0; c < channels; c++)
            for (let a = 0; a < kernelRows; a++)
              for (let b = 0; b < kernelColumns; b++) {
                const y = i * stride[0] + a * dilation[0] - padding[0];
                const z = j * stride[1] + b * dilation[1] - padding[1];
                if (y < 0 || y >= height || z < 0 || z >= width) continue;
                const channel = Math.floor(k / (outputs / groups)) * channels + c;
                const pixel = x.data[((n * inChannels + channel) * height + y) * width + z];
                const weight = w.data[((k * channels + c) * kernelRows + a) * kernelColumns + b];
                out[at]! += Number(pixel) * Number(weight);
              }
  return tensor(out, shape, "float64");
}

describe("conv2d", () => {
  it.each(primitiveCases.conv2d.map((one) => [one.name, one] as const))("%s: as by the definition", (_, one) => {
    const { output } = buildCase(one);
    const params = (output.source as { params: g.Conv2dParams }).params;
    const expected = naiveConvolution(one.inputs.x!, one.inputs.w!, output.shape, params);
    expectClose(evaluate([output], one.inputs)[0]!, expected, { relative: 1e-14 });
  });

  it("by hand: a cross-correlation, not flipped", () => {
    const inputs = { x: tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1, 3, 3]), w: tensor([1, 0, 0, 10], [1, 1, 2, 2]) };
    expect(numbers(inputs, ({ x, w }) => g.conv2d(x, w))).toEqual([51, 62, 84, 95]);
    expect(numbers(inputs, ({ x, w }) => g.conv2d(x, w, { padding: [1, 0, 0, 0], stride: 2 }))).toEqual([20, 84]);
  });
});

describe("the gradients of conv2d are its adjoints", () => {
  it.each(primitiveCases.conv2d.map((one) => [one.name, one] as const))("%s", (_, one) => {
    const { inputs, output } = buildCase(one);
    const { params } = output.source as { params: g.Conv2dParams };
    const dy = output.graph.input("dy", output.shape);
    const graph = output.graph;
    const dot = (a: g.Value, b: g.Value): g.Value => g.total(g.mul(a, b));
    const byInput = graph.apply(g.conv2dInputGradientPrimitive, [dy, inputs.w!], {
      ...params,
      inputShape: inputs.x!.shape,
    });
    const byWeight = graph.apply(g.conv2dWeightGradientPrimitive, [inputs.x!, dy], {
      ...params,
      weightShape: inputs.w!.shape,
    });
    const products = [dot(output, dy), dot(byInput, inputs.x!), dot(byWeight, inputs.w!)];
    const [y, x, w] = evaluate(products, { ...one.inputs, dy: normal("dy", output.shape) }).flatMap(numbersOf);
    expect(Math.abs(x! - y!)).toBeLessThan(1e-11);
    expect(Math.abs(w! - y!)).toBeLessThan(1e-11);
  });
});

describe("matmul", () => {
  it("by hand", () => {
    const inputs = { a: tensor([1, 2, 3, 4, 5, 6], [2, 3]), b: tensor([7, 8, 9, 10, 11, 12], [3, 2]) };
    expect(numbers(inputs, ({ a, b }) => g.matmul(a, b))).toEqual([58, 64, 139, 154]);
  });

  it.each(primitiveCases.matmul.map((one) => [one.name, one] as const))("%s: as by the definition", (_, one) => {
    const { output } = buildCase(one);
    // Cases may transpose an input: the definition is of the operands that the product has.
    const [a, b] = evaluate((output.source as { inputs: readonly g.Value[] }).inputs, one.inputs) as [Tensor, Tensor];
    const [m, n] = output.shape.slice(-2) as [number, number];
    const k = a.shape.at(-1)!;
    // Written through the elementwise product and a sum, which have no tiles: [..., M, K, 1] · [..., 1, K, N].
    const graph = new g.Graph();
    const [left, right] = [graph.input("a", a.shape), graph.input("b", b.shape)];
    const product = g.mul(g.reshape(left, [...a.shape, 1]), g.reshape(right, [...b.shape.slice(0, -2), 1, k, n]));
    const expected = g.reshape(g.reduceSum(product, [-2]), [...output.shape.slice(0, -2), m, n]);
    expectClose(evaluate([output], one.inputs)[0]!, evaluate([expected], { a, b })[0]!, { relative: 1e-14 });
  });
});

describe("pooling", () => {
  const x = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1, 3, 3]);
  const negative = tensor([-1, -2, -3, -4], [1, 1, 2, 2]);

  it("takes the maximum, for which padding does not count", () => {
    expect(numbers({ x }, (v) => g.maxPool2d(v.x, { kernel: 2, stride: 1 }))).toEqual([5, 6, 8, 9]);
    expect(numbers({ x: negative }, (v) => g.maxPool2d(v.x, { kernel: 2, padding: 1 }))).toEqual([-1, -2, -3, -4]);
    expect(numbers({ x }, (v) => g.maxPool2d(v.x, { kernel: 2, stride: 1, dilation: 2 }))).toEqual([9]);
  });

  it("takes the mean, for which padding counts as zeros", () => {
    expect(numbers({ x }, (v) => g.averagePool2d(v.x, { kernel: 2, stride: 1 }))).toEqual([3, 4, 6, 7]);
    expect(numbers({ x: negative }, (v) => g.averagePool2d(v.x, { kernel: 2, padding: 1 }))).toEqual([
      -0.25, -0.5, -0.75, -1,
    ]);
  });

  it("is blind to the rest of an image that strides do not reach", () => {
    expect(numbers({ x }, (v) => g.maxPool2d(v.x, { kernel: 2 }))).toEqual([5]);
    expect(numbers({ x }, (v) => g.averagePool2d(v.x, { kernel: [1, 3] }))).toEqual([2, 5, 8]);
  });
});
