import { sizeOf, tensor } from "../../../core/index.js";
import type { AxisParams, OneHotParams, ScatterParams } from "../../../graph/index.js";
import { dataTypeOf } from "../../tensor-proto.js";
import type { Emitter, TensorName } from "../emitter.js";
import type { Rule } from "../lowering.js";

const gather: Rule<AxisParams> = ({ emit, inputs, params: { axis } }) => emit.op("Gather", inputs, { axis });

const gatherElements: Rule<AxisParams> = ({ emit, inputs, params: { axis } }) =>
  emit.op("GatherElements", inputs, { axis });

const scatterAddElements: Rule<ScatterParams> = ({ emit, inputs: [updates, indices], output, params: { axis } }) =>
  addElements(emit, [updates!, indices!], output.shape, axis);

/** Slices are added element by element; `ScatterND` adds them in several threads at once, and loses some. */
const scatterAdd: Rule<ScatterParams> = ({ emit, inputs: [updates, indices], types, output, params: { axis } }) => {
  const { shape } = types[0]!;
  const before = shape.slice(0, axis);
  const after = shape.slice(axis + types[1]!.shape.length);
  const count = sizeOf(types[1]!.shape);
  const flat = [...before, count, ...after];
  const flatUpdates = emit.op("Reshape", [updates!, emit.ints(flat)]);
  const column = emit.op("Reshape", [indices!, emit.ints([count, ...after.map(() => 1)])]);
  const flatIndices = emit.op("Expand", [column, emit.ints(flat)]);
  return addElements(emit, [flatUpdates, flatIndices], output.shape, axis);
};

/** Adds elements into zeros. */
function addElements(
  emit: Emitter,
  [updates, indices]: readonly [TensorName, TensorName],
  shape: readonly number[],
  axis: number,
): TensorName {
  const zeros = emit.op("ConstantOfShape", [emit.ints(shape)]);
  return emit.op("ScatterElements", [zeros, indices, updates], { axis, reduction: "add" });
}

/** By comparison: the operator `OneHot` would count negative indices from the end. */
const oneHot: Rule<OneHotParams> = ({ emit, inputs: [indices], types, params: { depth } }) => {
  const column = emit.op("Unsqueeze", [indices!, emit.ints([types[0]!.shape.length])]);
  const classes = emit.constant(
    tensor(
      Array.from({ length: depth }, (_, i) => i),
      [depth],
      types[0]!.dtype,
    ),
  );
  return emit.op("Cast", [emit.op("Equal", [column, classes])], { to: dataTypeOf.float32 });
};

export const indexing = { gather, scatterAdd, gatherElements, scatterAddElements, oneHot };
