import type { Shape } from "../../../core/index.js";
import type { Attributes } from "../attributes.js";
import type { Emitter, TensorName } from "../emitter.js";

/** The domain of the CPU provider's operators on blocked tensors, version 1. ONNX Runtime documents them nowhere. */
export const blockedDomain = "com.microsoft.nchwc";

/**
 * Where the blocked lowering writes. A tensor [N, C, H, W] that is blocked lies in memory as [N, C′/b, H, W, b], where b
 * is the block and C′ is C rounded up to a multiple of it; ONNX Runtime knows it as [N, C′, H, W]. The surplus channels
 * hold zeros.
 */
export interface BlockedContext {
  readonly emit: Emitter;
  /** Channels that lie side by side: 16 with AVX-512, else 8. */
  readonly block: number;
}

/** A node of the blocked domain; empty names stand for inputs that are left out. */
export function blockedOp(
  { emit }: BlockedContext,
  operator: string,
  inputs: readonly TensorName[],
  attributes: Attributes = {},
): TensorName {
  return emit.node(operator, inputs, { attributes, domain: blockedDomain }).output(0);
}

/** Channels, surplus included. */
export const roundUp = ({ block }: BlockedContext, channels: number): number => Math.ceil(channels / block) * block;

/** The shape that ONNX Runtime sees of a blocked tensor [N, C, H, W]. */
export const blockedShape = (context: BlockedContext, [n, c, h, w]: Shape): [number, number, number, number] => [
  n!,
  roundUp(context, c!),
  h!,
  w!,
];

/** The same memory under another shape: costs nothing. */
export const view = ({ emit }: Pick<BlockedContext, "emit">, x: TensorName, shape: Shape): TensorName =>
  emit.op("Reshape", [x, emit.ints(shape)]);
