import { type Shape, sameShape, sizeOf } from "../../../core/index.js";
import type { AveragePool2dGradientParams, Pool2dParams } from "../../../graph/index.js";
import type { TensorName } from "../emitter.js";
import { type BlockedContext, blockedOp } from "./context.js";
import { emitInputGradient } from "./input-gradient.js";

/** Average pooling, blocked; padding counts. Over the whole map, the result is [N, C′, 1, 1]. */
export function emitAveragePool(
  context: BlockedContext,
  { x, xShape, params }: { readonly x: TensorName; readonly xShape: Shape; readonly params: Pool2dParams },
): TensorName {
  const { kernel, stride, padding } = params;
  if (sameShape(kernel, xShape.slice(2)) && sizeOf(padding.map((width) => width + 1)) === 1) {
    return blockedOp(context, "GlobalAveragePool", [x]);
  }
  return blockedOp(context, "AveragePool", [x], {
    kernel_shape: kernel,
    strides: stride,
    pads: padding,
    count_include_pad: 1,
  });
}

/** What an average pooling's gradient is computed from. */
export interface AveragePoolGradientCall {
  /** Blocked. */
  readonly dy: TensorName;
  /** [N, C, H′, W′]. */
  readonly dyShape: Shape;
  readonly params: AveragePool2dGradientParams;
}

/**
 * The gradient of an average pooling, blocked. Windows side by side, among them one over the whole map, repeat dy; others
 * overlap, or leave elements out, as the kernel of a depthwise convolution does. `Upsample` repeats as fast as `Expand`,
 * 0.2 ms for 2 MB on one thread; a `Mul` that broadcasts takes 0.3.
 */
export function emitAveragePoolGradient(
  context: BlockedContext,
  { dy, dyShape, params }: AveragePoolGradientCall,
): TensorName {
  const { emit } = context;
  const { kernel, inputShape } = params;
  const share = 1 / sizeOf(kernel);
  const sideBySide = [0, 1].every((axis) => {
    const windows = dyShape[axis + 2]!;
    const adjoin = windows === 1 || params.stride[axis] === kernel[axis];
    return adjoin && windows * kernel[axis]! === inputShape[axis + 2] && params.padding[axis] === 0;
  });
  if (sideBySide) {
    const shares = emit.op("Mul", [dy, emit.scalar(share, "float32")]);
    if (sizeOf(kernel) === 1) return shares;
    return blockedOp(context, "Upsample", [shares], { scales: [1, 1, ...kernel], mode: "nearest" });
  }
  const wShape = [dyShape[1]!, 1, ...kernel];
  const convolution = { ...params, groups: dyShape[1]! };
  return emitInputGradient(context, {
    dy,
    dyShape,
    w: emit.fill(share, wShape, "float32"),
    wShape,
    params: convolution,
  });
}
