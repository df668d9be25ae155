import { numbersOf, type Tensor } from "../../core/index.js";
import type { GraphProto, NodeProto } from "../proto/onnx_pb.js";
import { dropUnused, type Edit, floatOf, heldTensor, holdTensor, integerOf } from "./edit-onnx.js";

/**
 * Makes each batch-norm in evaluation form part of the convolution, transposed convolution or Gemm before it, where that
 * has no other consumer: w ← w γ/σ per output channel, b ← (b − mean) γ/σ + β with σ = √(var + ε). The function stays the same, up to
 * rounding. Batch-norms behind anything else stay.
 */
export const foldBatchNorms: Edit = (graph) => {
  const uses = countUses(graph);
  for (const norm of graph.node.filter(({ opType }) => opType === "BatchNormalization")) {
    const before = graph.node.find(({ output }) => output.includes(norm.input[0]!));
    if (!before || uses.get(norm.input[0]!) !== 1) continue;
    const scale = scaleAndShift(graph, norm);
    const weight = before.input[1] === undefined ? undefined : heldTensor(graph, before.input[1]);
    const axis = weight && channelAxis(before, weight);
    const bias = before.input[2] ? heldTensor(graph, before.input[2]) : undefined;
    if (!scale || !weight || axis === undefined) continue;
    const channels = scale.factor.length;
    if (before.input[2] && bias?.data.length !== channels) continue; // computed, or one number for all

    const name = uses.get(before.input[1]!) === 1 ? before.input[1]! : `${before.input[1]}/${norm.output[0]}`;
    holdTensor(graph, name, scaledAlong(weight, axis, scale.factor));
    const biasName = `${norm.output[0]}/bias`;
    const old = bias ? numbersOf(bias) : [];
    const moved = scale.factor.map((factor, channel) => (old[channel] ?? 0) * factor + scale.shift[channel]!);
    holdTensor(graph, biasName, { dtype: "float32", shape: [moved.length], data: Float32Array.from(moved) });
    before.input = [before.input[0]!, name, biasName];
    before.output = [norm.output[0]!];
    graph.node = graph.node.filter((node) => node !== norm);
  }
  dropUnused(graph);
};

/** γ/σ and β − mean γ/σ of each channel; undefined where they are not held as float32. */
function scaleAndShift(graph: GraphProto, norm: NodeProto): { factor: number[]; shift: number[] } | undefined {
  const held = norm.input.slice(1, 5).map((name) => heldTensor(graph, name));
  if (norm.output.length !== 1 || held.some((tensor) => tensor?.dtype !== "float32")) return undefined;
  const [gain, offset, mean, variance] = held.map((tensor) => numbersOf(tensor!)) as readonly (readonly number[])[];
  const epsilon = floatOf(norm, "epsilon", 1e-5);
  const factor = Array.from(gain!, (gamma, k) => gamma / Math.sqrt(variance![k]! + epsilon));
  return { factor, shift: factor.map((a, k) => offset![k]! - mean![k]! * a) };
}

/** The axis of a weight that numbers the outputs; undefined where a batch-norm cannot become part of it. */
function channelAxis(node: NodeProto, { dtype }: Tensor): number | undefined {
  if (dtype !== "float32") return undefined;
  if (node.opType === "Conv") return 0;
  if (node.opType === "ConvTranspose") return integerOf(node, "group", 1) === 1 ? 1 : undefined;
  const plain = floatOf(node, "alpha", 1) === 1 && floatOf(node, "beta", 1) === 1;
  return node.opType === "Gemm" && plain ? (integerOf(node, "transB", 0) === 1 ? 0 : 1) : undefined;
}

/** A tensor whose slices along an axis are multiplied. */
function scaledAlong(tensor: Tensor, axis: number, factor: readonly number[]): Tensor {
  const { shape, data } = tensor;
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  return {
    dtype: "float32",
    shape,
    data: Float32Array.from(data as Float32Array, (x, at) => x * factor[Math.floor(at / inner) % shape[axis]!]!),
  };
}

/** How often each name is used, outputs of the graph included. */
function countUses({ node, output }: GraphProto): Map<string, number> {
  const uses = new Map<string, number>();
  for (const name of [...node.flatMap(({ input }) => input), ...output.map((port) => port.name)]) {
    uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  return uses;
}
