import { type Shape, sizeOf } from "../../../core/index.js";
import type { Conv2dParams } from "../../../graph/index.js";
import type { Emitter, TensorName } from "../emitter.js";

/** A convolution to be emitted. */
export interface ConvolutionCall {
  readonly x: TensorName;
  readonly w: TensorName;
  readonly xShape: Shape;
  readonly wShape: Shape;
  readonly outputShape: Shape;
  readonly params: Conv2dParams;
}

/**
 * Maps of fewer elements are convolved with the images of a batch side by side. ONNX Runtime multiplies matrices image
 * by image, and a handful of columns leaves most of a vector register empty: 512 → 512 channels on 2×2 maps at batch 128
 * take 103 ms image by image and 25 ms side by side (one thread); on 4×4 maps it makes no difference.
 */
const smallMap = 16;

/** A convolution, arranged for the size of its maps. */
export function emitConvolution(emit: Emitter, call: ConvolutionCall): TensorName {
  const { x, w, outputShape, params } = call;
  if (outputShape[0]! > 1 && sizeOf(outputShape.slice(2)) < smallMap) return sideBySide(emit, call);
  const { stride, padding, dilation, groups } = params;
  return emit.op("Conv", [x, w], { strides: stride, pads: padding, dilations: dilation, group: groups });
}

/** One image of three dimensions, [1, C, H, W, N], along whose last one the kernel does not reach. */
function sideBySide(emit: Emitter, { x, w, xShape, wShape, outputShape, params }: ConvolutionCall): TensorName {
  const { stride, padding, dilation, groups } = params;
  const [n, c, height, width] = xShape as [number, number, number, number];
  const [, k, outHeight, outWidth] = outputShape as [number, number, number, number];
  const [top, left, bottom, right] = padding;

  const pixels = emit.op("Reshape", [x, emit.ints([n, c, height * width])]);
  const image = emit.op("Reshape", [
    emit.op("Transpose", [pixels], { perm: [1, 2, 0] }),
    emit.ints([1, c, height, width, n]),
  ]);
  const y = emit.op("Conv", [image, emit.op("Reshape", [w, emit.ints([...wShape, 1])])], {
    strides: [...stride, 1],
    pads: [top, left, 0, bottom, right, 0],
    dilations: [...dilation, 1],
    group: groups,
  });
  const apart = emit.op("Transpose", [emit.op("Reshape", [y, emit.ints([k, outHeight * outWidth, n])])], {
    perm: [2, 0, 1],
  });
  return emit.op("Reshape", [apart, emit.ints(outputShape)]);
}
