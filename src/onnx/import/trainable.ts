import { isFloating } from "../../core/index.js";
import type { OnnxFile, OnnxNode } from "./onnx-file.js";
import { importedDtype } from "./read-tensor.js";

/** Operators of which nothing depends smoothly on any input. */
const steps = new Set([
  ...["Shape", "Size", "Range", "ConstantOfShape", "NonZero", "OneHot", "EyeLike", "ArgMax", "ArgMin"],
  ...["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "And", "Or", "Xor", "IsNaN", "IsInf"],
  ...["Sign", "Floor", "Ceil", "Round"],
]);
/** Operators of which the first input alone matters: the others are axes, indices, limits or sizes. */
const firstOnly = new Set([
  ...["Reshape", "Expand", "Tile", "Slice", "Pad", "Squeeze", "Unsqueeze", "Split", "Resize", "Upsample"],
  ...["Gather", "GatherElements", "GatherND", "TopK", "Clip", "Dropout", "Pow", "CumSum", "Trilu", "CastLike"],
  ...["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum"],
  ...["ReduceLogSumExp", "ReduceSumSquare"],
]);
/** Inputs by which other operators can be differentiated; all where nothing is said. */
const smooth: Readonly<Record<string, readonly number[]>> = {
  Where: [1, 2],
  ScatterElements: [0, 2],
  ScatterND: [0, 2],
  BatchNormalization: [0, 1, 2],
};

function smoothInputs(node: OnnxNode): readonly string[] {
  const { operator, domain, inputs, attributes } = node;
  if (domain !== "") return inputs;
  if (steps.has(operator)) return [];
  if (operator === "Cast") {
    const dtype = importedDtype(Number(attributes.get("to")));
    return dtype !== undefined && isFloating(dtype) ? inputs : [];
  }
  if (firstOnly.has(operator)) return inputs.slice(0, 1);
  return smooth[operator]?.map((place) => inputs[place] ?? "") ?? inputs;
}

/**
 * Names of tensors by which a derivative of the outputs can be taken. A table that is only compared with, such as a mask,
 * is not among them: it is no parameter.
 */
export function trainableNames({ nodes, outputs }: OnnxFile): ReadonlySet<string> {
  const names = new Set(outputs.map(({ name }) => name));
  for (const node of [...nodes].reverse()) {
    if (node.outputs.some((output) => names.has(output))) for (const input of smoothInputs(node)) names.add(input);
  }
  return names;
}
