import type {
  AxisParams,
  CastParams,
  PadParams,
  ShapeParams,
  SliceParams,
  TransposeParams,
} from "../../../graph/index.js";
import { dataTypeOf } from "../../tensor-proto.js";
import type { Rule } from "../lowering.js";

/** 0 takes a size over from the input, so that a graph whose batch is left free still works. */
const reshape: Rule<ShapeParams> = ({ emit, inputs: [x], types, params: { shape } }) => {
  const keepsBatch = shape.length > 0 && shape[0] === types[0]!.shape[0];
  return emit.op("Reshape", [x!, emit.ints(keepsBatch ? [0, ...shape.slice(1)] : shape)]);
};

const broadcastTo: Rule<ShapeParams> = ({ emit, inputs: [x], params: { shape } }) =>
  emit.op("Expand", [x!, emit.ints(shape)]);

const transpose: Rule<TransposeParams> = ({ emit, inputs, params: { permutation } }) =>
  emit.op("Transpose", inputs, { perm: permutation });

const concat: Rule<AxisParams> = ({ emit, inputs, params: { axis } }) => emit.op("Concat", inputs, { axis });

const slice: Rule<SliceParams> = ({ emit, inputs: [x], types, params: { starts, ends, strides } }) => {
  const cut = (types[0]?.shape ?? []).flatMap((size, axis) =>
    starts[axis] === 0 && ends[axis] === size && strides[axis] === 1 ? [] : [axis],
  );
  const along = (values: readonly number[]): string => emit.ints(cut.map((axis) => values[axis]!));
  return emit.op("Slice", [x!, along(starts), along(ends), emit.ints(cut), along(strides)]);
};

const pad: Rule<PadParams> = ({ emit, inputs: [x], output: { dtype }, params: { before, after, value } }) =>
  emit.op("Pad", [x!, emit.ints([...before, ...after]), emit.scalar(value, dtype)]);

const cast: Rule<CastParams> = ({ emit, inputs, params: { dtype } }) =>
  emit.op("Cast", inputs, { to: dataTypeOf[dtype] });

/** The tensor itself: only differentiation sees a difference. */
const stopGradient: Rule = ({ inputs }) => inputs[0]!;

export const structure = { reshape, broadcastTo, transpose, concat, slice, pad, cast, stopGradient };
