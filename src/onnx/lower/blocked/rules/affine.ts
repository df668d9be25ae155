import { type Shape, sizeOf } from "../../../../core/index.js";
import type { Value } from "../../../../graph/index.js";
import type { TensorName } from "../../emitter.js";
import { emitActivation } from "../activation.js";
import { type BlockedContext, roundUp, view } from "../context.js";
import { emitDepthwise } from "../convolution.js";
import { affineOperands, type ChannelAffineParams } from "../fusion/primitives.js";
import { passes } from "../layout/costs.js";
import type { EmitContext, Implementation, Layout } from "../layout/implementation.js";
import { emitPerChannel } from "../reorder.js";

/** One number per channel, [1, C, 1, 1] or a scalar, as blocked convolutions take it: with zeros for surplus channels. */
export function channelVector(
  context: BlockedContext,
  value: TensorName,
  size: number,
  channels: number,
  shape: (count: number) => Shape,
): TensorName {
  const { emit } = context;
  const all =
    size === channels
      ? view(context, value, [channels])
      : emit.op("Expand", [view(context, value, [1]), emit.ints([channels])]);
  return view(context, emitPerChannel(context, all, channels), shape(roundUp(context, channels)));
}

/**
 * Blocked: every term is a depthwise convolution with a kernel of one pixel, the factor; it adds what is there already, its
 * `Sum`, and the last one the constant. 8.4 MB take 0.7 ms on two threads, a broadcasting product 1.8.
 */
function emitBlocked(context: EmitContext): TensorName {
  const { emit, inputs, types, output, params } = context;
  const affine = params as ChannelAffineParams;
  const channels = output.shape[1]!;
  const names = affineOperands(inputs, affine);
  const kinds = affineOperands(types, affine);
  const bare = names.terms.findIndex(({ factor }) => !factor);
  const rest = names.terms.map((_, index) => index).filter((index) => index !== bare);
  const start = bare < 0 ? undefined : names.terms[bare]!.tensor;
  const group = roundUp(context, channels);

  if (rest.length === 0) rest.push(bare); // one bare tensor, shifted or activated
  const total = rest.reduce<TensorName | undefined>((sum, index, place) => {
    const { tensor, factor } = names.terms[index]!;
    const weights = factor
      ? channelVector(context, factor, sizeOf(kinds.terms[index]!.factor!.shape), channels, (count) => [count, 1, 1, 1])
      : emit.fill(1, [group, 1, 1, 1], "float32");
    const last = place === rest.length - 1;
    const constant =
      last && names.constant
        ? channelVector(context, names.constant, sizeOf(kinds.constant!.shape), channels, (count) => [count])
        : undefined;
    const added = sum ?? (rest[0] === bare ? undefined : start);
    const activation = last ? affine.activation : undefined;
    return emitDepthwise(context, { x: tensor, filter: weights, group, constant, added, activation });
  }, undefined);
  return total!;
}

/** With standard operators, where channels are an axis: the second of plain tensors, the first where the batch is last. */
function emitBroadcast(context: EmitContext, layout: "plain" | "batchLast"): TensorName {
  const { emit, inputs, types, params } = context;
  const affine = params as ChannelAffineParams;
  const kinds = affineOperands(types, affine);
  const { terms, constant } = affineOperands(inputs, affine);
  const place = (name: TensorName, { shape }: { readonly shape: Shape }): TensorName =>
    layout === "plain" || sizeOf(shape) === 1 ? name : emit.op("Reshape", [name, emit.ints([sizeOf(shape), 1, 1, 1])]);
  const scaled = terms.map(({ tensor, factor }, index) =>
    factor ? emit.op("Mul", [tensor, place(factor, kinds.terms[index]!.factor!)]) : tensor,
  );
  const sum = scaled.reduce((total, term) => emit.op("Add", [total, term]));
  const shifted = constant ? emit.op("Add", [sum, place(constant, kinds.constant!)]) : sum;
  return emitActivation(emit, shifted, affine.activation);
}

/** Implementations of `channelAffine`. */
export function affineImplementations(value: Value, inputs: readonly Value[], params: object): Implementation[] {
  const affine = params as ChannelAffineParams;
  const { terms } = affineOperands(inputs, affine);
  const images = new Set(terms.map(({ tensor }) => tensor));
  const operands = (layout: Layout): Layout[] => inputs.map((input) => (images.has(input) ? layout : "plain"));
  const steps =
    terms.filter(({ factor }) => factor).length + Number(affine.constant) + Number(affine.activation !== undefined);
  const broadcast = (layout: "plain" | "batchLast"): Implementation => ({
    layout,
    operands: operands(layout),
    cost: passes(2 * Math.max(steps, 1) + terms.length, value.shape),
    emit: (context) => emitBroadcast(context, layout),
  });
  return [
    broadcast("plain"),
    broadcast("batchLast"),
    {
      layout: "blocked",
      operands: operands("blocked"),
      cost: passes(2 * terms.length, value.shape),
      emit: emitBlocked,
    },
  ];
}
