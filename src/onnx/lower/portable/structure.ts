import type {
  AxisParams,
  CastParams,
  PadParams,
  ShapeParams,
  SliceParams,
  TransposeParams,
} from "../../../graph/index.js";
import { dataTypeOf } from "../../tensor-proto.js";
import type { TensorName } from "../emitter.js";
import type { Rule, RuleContext } from "../lowering.js";
import { pieceOfSplit } from "./split.js";

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

const slice: Rule<SliceParams> = (context) => pieceOfSplit(context) ?? sliceAlone(context);

const sliceAlone: Rule<SliceParams> = ({ emit, inputs: [x], types, params: { starts, ends, strides } }) => {
  const cut = (types[0]?.shape ?? []).flatMap((size, axis) =>
    starts[axis] === 0 && ends[axis] === size && strides[axis] === 1 ? [] : [axis],
  );
  const along = (values: readonly number[]): string => emit.ints(cut.map((axis) => values[axis]!));
  return emit.op("Slice", [x!, along(starts), along(ends), emit.ints(cut), along(strides)]);
};

const pad: Rule<PadParams> = (context) => {
  const { emit, inputs, types, output, params } = context;
  const { before, after, value } = params;
  const last = output.shape.length - 1;
  const elsewhere = before.some((width, axis) => axis !== last && width + after[axis]! > 0);
  if (!elsewhere && types[0]!.shape[last] === 1) return padSingleColumn(context);
  return emit.op("Pad", [inputs[0]!, emit.ints([...before, ...after]), emit.scalar(value, output.dtype)]);
};

/** Elements one by one: `Pad` takes 16 ms to put zeros between a million of them, `Concat` 3. */
function padSingleColumn({ emit, inputs: [x], output, params }: RuleContext<PadParams>): TensorName {
  const axis = output.shape.length - 1;
  const columns = (width: number): TensorName[] =>
    width === 0
      ? []
      : [emit.op("Expand", [emit.scalar(params.value, output.dtype), emit.ints(output.shape.with(axis, width))])];
  return emit.op("Concat", [...columns(params.before[axis]!), x!, ...columns(params.after[axis]!)], { axis });
}

const cast: Rule<CastParams> = ({ emit, inputs, params: { dtype } }) =>
  emit.op("Cast", inputs, { to: dataTypeOf[dtype] });

/** The tensor itself: only differentiation sees a difference. */
const itself: Rule = ({ inputs }) => inputs[0]!;

export const structure = {
  reshape,
  broadcastTo,
  transpose,
  concat,
  slice,
  pad,
  cast,
  stopGradient: itself,
  customGradient: itself,
};
