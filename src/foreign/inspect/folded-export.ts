import type { OnnxFile } from "../../onnx/import/onnx-file.js";

const normalizing =
  /^(BatchNormalization|InstanceNormalization|LayerNormalization|GroupNormalization|LpNormalization)$/;
const activation = /^(Relu|Clip|LeakyRelu|PRelu|Sigmoid|HardSwish|HardSigmoid|Elu)$/;

/**
 * Says so if a file looks like an export in which batch-norms were folded into the convolutions before them; undefined if
 * not. PyTorch does that by default when it exports a network in evaluation mode, and calls the new weights `onnx::Conv_123`.
 * In files of ours the normalizations are those of evaluation, as constants, which is said too.
 */
export function foldedExport(file: OnnxFile): string | undefined {
  if (file.producer === "normwise") {
    return "This is the evaluation graph of a run: its normalizations divide by constants. Inspect the run's folder instead.";
  }
  const convolutions = file.nodes.filter(({ operator }) => operator === "Conv");
  const withBias = convolutions.filter(({ inputs }) => (inputs[2] ?? "") !== "");
  const operators = new Set(file.nodes.map(({ operator }) => operator));
  const normalizes =
    [...operators].some((operator) => normalizing.test(operator)) ||
    (operators.has("ReduceMean") && operators.has("Sqrt"));
  const fits =
    /pytorch/i.test(file.producer) &&
    !normalizes &&
    withBias.length >= 2 &&
    withBias.length >= 0.9 * convolutions.length &&
    [...operators].some((operator) => activation.test(operator));
  if (!fits) return undefined;
  const anonymous = withBias.filter(({ inputs }) => /^(onnx::)?Conv_\d+$|^\d+$/.test(inputs[1] ?? "")).length;
  const claim =
    anonymous > 0
      ? `its batch-norms were folded into ${withBias.length} convolutions when PyTorch exported it for evaluation`
      : `it has ${withBias.length} convolutions with biases and no normalization: either it never had batch-norms, or they were folded when PyTorch exported it`;
  return (
    `${claim}. Nothing is left here that absorbs a scale. Export the network in training form instead: ` +
    "torch.onnx.export(model, x, path, training=torch.onnx.TrainingMode.TRAINING, do_constant_folding=False); " +
    "see docs/foreign-models.md"
  );
}
