import type { Shape } from "../../../core/index.js";
import type { Conv2dParams } from "../../../graph/index.js";
import type { Attributes } from "../attributes.js";
import type { TensorName } from "../emitter.js";
import { emitConvolution as emitPlainConvolution } from "../portable/emit-convolution.js";
import { activationAttributes } from "./activation.js";
import { type BlockedContext, blockedOp, roundUp } from "./context.js";
import { channelPattern, emitFilter } from "./filters.js";
import type { Activation } from "./fusion/primitives.js";
import { emitToBlocked, emitToPlain } from "./reorder.js";

/** A convolution whose result is to be blocked. */
export interface ConvolutionCall {
  /** Blocked, or row-major with fewer channels than a block, if {@link readsPlain} says so. */
  readonly x: TensorName;
  /** [N, C, H, W]. */
  readonly xShape: Shape;
  /** Row-major [K, C/groups, h, w]. */
  readonly w: TensorName;
  readonly wShape: Shape;
  /** [N, K, H′, W′]. */
  readonly outputShape: Shape;
  readonly params: Conv2dParams;
  /** One number per channel that is added, surplus channels included. */
  readonly constant?: TensorName;
  /** Blocked, of the result's shape; added before the activation. */
  readonly added?: TensorName;
  readonly activation?: Activation | undefined;
}

/** Whether a convolution reads x row-major: images of few channels, which blocks would fill with zeros. */
export const readsPlain = (
  { block }: Pick<BlockedContext, "block">,
  { xShape, params }: { readonly xShape: Shape; readonly params: Pick<Conv2dParams, "groups"> },
): boolean => params.groups === 1 && xShape[1]! < block;

/** activation(x ∗ w + constant + added), blocked. Groups of channels that are no whole blocks go through row-major tensors. */
export function emitConvolution(context: BlockedContext, call: ConvolutionCall): TensorName {
  const { x, w, wShape, params, constant, added, activation } = call;
  const { groups } = params;
  const pattern = channelPattern(context, { wShape, groups });
  if (pattern === undefined) return throughPlain(context, call);
  const plainInput = readsPlain(context, call);
  return emitBlockedConvolution(context, {
    x,
    filter: emitFilter(context, { w, wShape, groups }, { plainInput }),
    kernel: wShape.slice(2),
    params,
    group: pattern === "depthwise" ? roundUp(context, groups) : groups,
    bias: constant,
    sum: added,
    activation: activationAttributes(activation),
  });
}

/** A convolution with a filter in the blocked order. */
export interface FilteredCall {
  readonly x: TensorName;
  readonly filter: TensorName;
  readonly kernel: Shape;
  readonly params: Pick<Conv2dParams, "stride" | "padding" | "dilation">;
  readonly group: number;
  /** With surplus channels. */
  readonly bias?: TensorName | undefined;
  readonly sum?: TensorName | undefined;
  readonly activation?: Attributes;
}

/** The blocked operator itself: activation(x ∗ filter + bias + sum). */
export function emitBlockedConvolution(context: BlockedContext, call: FilteredCall): TensorName {
  const { x, filter, kernel, params, group, bias = "", sum = "", activation = {} } = call;
  const inputs = [x, filter, bias, sum];
  while (inputs.at(-1) === "") inputs.pop();
  return blockedOp(context, "Conv", inputs, {
    kernel_shape: kernel,
    strides: params.stride,
    pads: params.padding,
    dilations: params.dilation,
    group,
    ...activation,
  });
}

/** A convolution of every channel for itself, or of every map, without padding. */
export interface DepthwiseCall {
  readonly x: TensorName;
  /** [group, 1, height, width]. */
  readonly filter: TensorName;
  /** Channels, surplus included. */
  readonly group: number;
  /** One pixel by default. */
  readonly kernel?: Shape;
  readonly constant?: TensorName | undefined;
  readonly added?: TensorName | undefined;
  readonly activation?: Activation | undefined;
}

/** activation(x ∗ filter + constant + added), channel by channel: one pass over x. */
export function emitDepthwise(context: BlockedContext, call: DepthwiseCall): TensorName {
  const { x, filter, group, kernel = [1, 1], constant, added, activation } = call;
  return emitBlockedConvolution(context, {
    x,
    filter,
    kernel,
    params: { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1] },
    group,
    bias: constant,
    sum: added,
    activation: activationAttributes(activation),
  });
}

function throughPlain(context: BlockedContext, call: ConvolutionCall): TensorName {
  const { emit } = context;
  const { x, w, xShape, wShape, outputShape, params } = call;
  const plain = emitPlainConvolution(emit, {
    x: emitToPlain(context, x, xShape),
    w,
    xShape,
    wShape,
    outputShape,
    params,
  });
  return emitFinish(context, emitToBlocked(context, plain, outputShape), outputShape, call);
}

/** activation(x + constant + added) of a blocked tensor, for convolutions that cannot do it themselves. */
export function emitFinish(
  context: BlockedContext,
  x: TensorName,
  shape: Shape,
  { constant, added, activation }: Pick<ConvolutionCall, "constant" | "added" | "activation">,
): TensorName {
  if (constant === undefined && activation === undefined)
    return added === undefined ? x : context.emit.op("Add", [x, added]);
  const group = roundUp(context, shape[1]!);
  const filter = context.emit.fill(1, [group, 1, 1, 1], "float32");
  return emitDepthwise(context, { x, filter, group, constant, added, activation });
}
