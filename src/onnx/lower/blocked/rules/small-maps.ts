import { type Shape, sizeOf } from "../../../../core/index.js";
import type {
  AveragePool2dGradientParams,
  Conv2dInputGradientParams,
  Conv2dParams,
  Conv2dWeightGradientParams,
  Pool2dParams,
  Value,
  Window2d,
} from "../../../../graph/index.js";
import type { TensorName } from "../../emitter.js";
import type { Epilogue } from "../fusion/primitives.js";
import { arithmetic, passes } from "../layout/costs.js";
import type { EmitContext, Implementation } from "../layout/implementation.js";
import { meetingsOf } from "../pixels.js";
import {
  emitSmallMapConvolution,
  emitSmallMapInputGradient,
  emitSmallMapWeightGradient,
} from "../small-map-convolution.js";
import {
  emitSmallMapAveragePool,
  emitSmallMapAveragePoolGradient,
  emitSmallMapMaxPool,
  emitSmallMapMaxPoolGradient,
} from "../small-map-pool.js";

// Maps of so few pixels that each is treated by itself, with the batch last: [C, H, W, N].

/** Pixels of a map beyond which single ones are too many nodes, and rows of them fill a register. */
const mostPixels = 16;
/**
 * Rates of the products in 1e9 operations/s, on one thread, and milliseconds that each takes beside. Those of weight
 * gradients, which add up to one matrix, share their work badly: 30 ms on one thread are 19 on two.
 */
const rates = { forward: 230, weights: 160 };
const overhead = 0.01;

const small = (...shapes: readonly Shape[]): boolean => shapes.every((shape) => shape[2]! * shape[3]! <= mostPixels);
const batchLast = ([n, c, height, width]: Shape): number[] => [c!, height!, width!, n!];

/** What a program of products for each pixel and element of the kernel costs. */
function productsCost(xShape: Shape, wShape: Shape, yShape: Shape, params: Window2d, rate = rates.forward): number {
  const count = meetingsOf(params, wShape.slice(2), xShape.slice(2), yShape.slice(2)).length;
  const operations = 2 * count * wShape[0]! * wShape[1]! * xShape[0]!;
  return arithmetic(operations, rate) + count * overhead + passes(3, wShape) + passes(2, xShape) + passes(2, yShape);
}

/** Implementations of a convolution (`fused` or not), its input gradient and its weight gradient. */
export function smallMapConvolutions(
  name: string,
  value: Value,
  inputs: readonly Value[],
  params: object,
): Implementation[] {
  const { groups, epilogue } = params as Conv2dParams & { readonly epilogue?: Epilogue };
  const [a, b] = inputs as [Value, Value];
  if (groups > 1 || epilogue) return [];
  if (name === "conv2d") {
    if (!small(a.shape, value.shape)) return [];
    const cost = productsCost(a.shape, b.shape, value.shape, params as Conv2dParams);
    return [{ layout: "batchLast", operands: ["batchLast", "plain"], cost, emit: emitForward }];
  }
  if (name === "conv2dInputGradient") {
    if (!small(a.shape, value.shape)) return [];
    const cost = productsCost(value.shape, b.shape, a.shape, params as Conv2dParams);
    return [{ layout: "batchLast", operands: ["batchLast", "plain"], cost, emit: emitBackward }];
  }
  if (name !== "conv2dWeightGradient" || !small(a.shape, b.shape)) return [];
  const cost = productsCost(a.shape, value.shape, b.shape, params as Conv2dParams, rates.weights);
  return [{ layout: "plain", operands: ["batchLast", "batchLast"], cost, emit: emitOfWeights }];
}

function emitForward(context: EmitContext): TensorName {
  const [x, w] = context.inputs as [TensorName, TensorName];
  const [{ shape: xShape }, { shape: wShape }] = context.types as [Value, Value];
  const params = context.params as Conv2dParams;
  const outputShape = batchLast(context.output.shape);
  return emitSmallMapConvolution(context, { x, w, xShape: batchLast(xShape), wShape, outputShape, params });
}

function emitBackward(context: EmitContext): TensorName {
  const [dy, w] = context.inputs as [TensorName, TensorName];
  const [{ shape: dyShape }, { shape: wShape }] = context.types as [Value, Value];
  const params = context.params as Conv2dInputGradientParams;
  const [xShape, outputShape] = [batchLast(context.output.shape), batchLast(dyShape)];
  return emitSmallMapInputGradient(context, { dy, w, xShape, wShape, outputShape, params });
}

function emitOfWeights(context: EmitContext): TensorName {
  const [x, dy] = context.inputs as [TensorName, TensorName];
  const [{ shape: xShape }, { shape: dyShape }] = context.types as [Value, Value];
  const params = context.params as Conv2dWeightGradientParams;
  const shapes = { xShape: batchLast(xShape), wShape: params.weightShape, outputShape: batchLast(dyShape) };
  return emitSmallMapWeightGradient(context, { x, dy, ...shapes, params });
}

/** Implementations of poolings and their gradients. */
export function smallMapPoolings(name: string, value: Value, inputs: readonly Value[]): Implementation[] {
  const emitters: Readonly<Record<string, (context: EmitContext) => TensorName>> = {
    maxPool2d: ({ inputs: [x], ...context }) => emitSmallMapMaxPool(context, poolCall(context, x!)),
    averagePool2d: ({ inputs: [x], ...context }) => emitSmallMapAveragePool(context, poolCall(context, x!)),
    maxPool2dGradient: (context) => emitGradient(context, false),
    gatedMaxPool2dGradient: (context) => emitGradient(context, true),
    averagePool2dGradient(context) {
      const [dy] = context.inputs as [TensorName];
      const [xShape, yShape] = [batchLast(context.output.shape), batchLast(context.types[0]!.shape)];
      const params = context.params as AveragePool2dGradientParams;
      return emitSmallMapAveragePoolGradient(context, { dy, xShape, yShape, params });
    },
  };
  const emit = emitters[name];
  const shapes = [value, ...inputs].map(({ shape }) => shape);
  if (!emit || !small(...shapes)) return [];
  const largest = shapes.reduce((best, shape) => (sizeOf(shape) > sizeOf(best) ? shape : best));
  const cost = passes(/maxPool2dGradient/i.test(name) ? 10 : 4, largest);
  return [{ layout: "batchLast", operands: inputs.map(() => "batchLast"), cost, emit }];
}

function emitGradient(context: EmitContext, gated: boolean): TensorName {
  const [x, y, dy] = context.inputs as [TensorName, TensorName, TensorName];
  const [xShape, yShape] = context.types.map(({ shape }) => batchLast(shape)) as [number[], number[]];
  const params = context.params as Pool2dParams;
  return emitSmallMapMaxPoolGradient(context, { x, y, dy, xShape, yShape, params, gated });
}

function poolCall(
  { types, output, params }: Pick<EmitContext, "types" | "output" | "params">,
  x: TensorName,
): Parameters<typeof emitSmallMapMaxPool>[1] {
  return { x, xShape: batchLast(types[0]!.shape), yShape: batchLast(output.shape), params: params as Pool2dParams };
}
