import type { ReduceParams, Value } from "../../../../graph/index.js";
import type { Emitter, TensorName } from "../../emitter.js";
import { roundUp } from "../context.js";
import { emitDepthwise } from "../convolution.js";
import { passes } from "../layout/costs.js";
import type { EmitContext, Implementation } from "../layout/implementation.js";

/** Σ T U over N, H and W as one depthwise convolution whose kernels are the maps of U; then over the batch. */
function dotBlocked(context: EmitContext): TensorName {
  const {
    emit,
    inputs: [a, b],
    types,
  } = context;
  const [n, c, height, width] = types[0]!.shape as [number, number, number, number];
  const channels = roundUp(context, c);
  const maps = n * channels;
  const image = emit.op("Reshape", [a!, emit.ints([1, maps, height, width])]);
  const kernels = emit.op("Reshape", [b!, emit.ints([maps, 1, height, width])]);
  const products = emitDepthwise(context, { x: image, filter: kernels, group: maps, kernel: [height, width] });
  return overBatch(emit, emit.op("Reshape", [products, emit.ints([n, channels])]), c, channels);
}

/** [N, C′] → [1, C, 1, 1]. */
function overBatch(emit: Emitter, perImage: TensorName, c: number, channels: number): TensorName {
  const sums = emit.op("ReduceSum", [perImage, emit.ints([0])], { keepdims: 1 });
  return emit.op("Reshape", [firstChannels(emit, sums, c, channels), emit.ints([1, c, 1, 1])]);
}

/** [N, C′] → [N, C]. */
export function firstChannels(emit: Emitter, sums: TensorName, c: number, channels: number): TensorName {
  return c === channels ? sums : emit.op("Slice", [sums, emit.ints([0]), emit.ints([c]), emit.ints([1])]);
}

/**
 * The sum over each map, [N, C′], as a convolution with ones. A pooling would divide by the size and be multiplied by it again,
 * and so give for equal values not quite their mean.
 */
function mapSums(context: EmitContext): TensorName {
  const { emit, inputs, types } = context;
  const [n, c, height, width] = types[0]!.shape as [number, number, number, number];
  const group = roundUp(context, c);
  const ones = emit.fill(1, [group, 1, height, width], "float32");
  const sums = emitDepthwise(context, { x: inputs[0]!, filter: ones, group, kernel: [height, width] });
  return emit.op("Reshape", [sums, emit.ints([n, group])]);
}

function sumBlocked(context: EmitContext): TensorName {
  const c = context.types[0]!.shape[1]!;
  return overBatch(context.emit, mapSums(context), c, roundUp(context, c));
}

function sumOfMapsBlocked(context: EmitContext): TensorName {
  const { emit, types } = context;
  const [n, c] = types[0]!.shape as [number, number];
  return emit.op("Reshape", [firstChannels(emit, mapSums(context), c, roundUp(context, c)), emit.ints([n, c, 1, 1])]);
}

/** Images [C, H, W, N] → [1, C, 1, 1], in two stages, for the accuracy of the sum. */
function sumBatchLast(emit: Emitter, x: TensorName, [n, c, height, width]: readonly number[]): TensorName {
  const rows = emit.op("Reshape", [x, emit.ints([c! * height! * width!, n!])]);
  const perPixel = emit.op("ReduceSum", [rows, emit.ints([1])], { keepdims: 0 });
  const maps = emit.op("Reshape", [perPixel, emit.ints([c!, height! * width!])]);
  const sums = emit.op("ReduceSum", [maps, emit.ints([1])], { keepdims: 0 });
  return emit.op("Reshape", [sums, emit.ints([1, c!, 1, 1])]);
}

/** [N, C, H, W] → [1, C, 1, 1]: maps first, then the batch. */
function sumPlain(emit: Emitter, x: TensorName): TensorName {
  const maps = emit.op("ReduceSum", [x, emit.ints([2, 3])], { keepdims: 1 });
  return emit.op("ReduceSum", [maps, emit.ints([0])], { keepdims: 1 });
}

/** Implementations of `channelDot`. */
export function dotImplementations(_value: Value, [a]: readonly Value[]): Implementation[] {
  const { shape } = a!;
  return [
    {
      layout: "plain",
      operands: ["plain", "plain"],
      cost: passes(4, shape),
      emit: ({ emit, inputs }) => sumPlain(emit, emit.op("Mul", inputs)),
    },
    {
      layout: "plain",
      operands: ["batchLast", "batchLast"],
      cost: passes(4, shape),
      emit: ({ emit, inputs, types }) => sumBatchLast(emit, emit.op("Mul", inputs), types[0]!.shape),
    },
    { layout: "plain", operands: ["blocked", "blocked"], cost: passes(2, shape), emit: dotBlocked },
  ];
}

/** Implementations of `reduceSum` over maps, or over maps and the batch, beside the portable one. */
export function sumImplementations(_value: Value, [x]: readonly Value[], params: object): Implementation[] {
  const axes = String((params as ReduceParams).axes);
  const cost = passes(1, x!.shape);
  if (axes === "0,2,3") {
    return [
      { layout: "plain", operands: ["blocked"], cost, emit: sumBlocked },
      {
        layout: "plain",
        operands: ["batchLast"],
        cost,
        emit: ({ emit, inputs, types }) => sumBatchLast(emit, inputs[0]!, types[0]!.shape),
      },
    ];
  }
  if (axes !== "2,3") return [];
  return [
    { layout: "plain", operands: ["blocked"], cost, emit: sumOfMapsBlocked },
    { layout: "plain", operands: ["batchLast"], cost, emit: sumOfMapsBatchLast },
  ];
}

function sumOfMapsBatchLast({ emit, inputs: [x], types }: EmitContext): TensorName {
  const [n, c, height, width] = types[0]!.shape as [number, number, number, number];
  const maps = emit.op("Reshape", [x!, emit.ints([c, height * width, n])]);
  const sums = emit.op("ReduceSum", [maps, emit.ints([1])], { keepdims: 0 });
  return emit.op("Reshape", [emit.op("Transpose", [sums], { perm: [1, 0] }), emit.ints([n, c, 1, 1])]);
}
