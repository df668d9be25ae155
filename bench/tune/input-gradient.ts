import { type BlockedContext, view } from "../../src/onnx/lower/blocked/context.js";
import { emitBlockedConvolution, emitConvolution } from "../../src/onnx/lower/blocked/convolution.js";
import { emitExchangedFilter } from "../../src/onnx/lower/blocked/filters.js";
import { emitInputGradient } from "../../src/onnx/lower/blocked/input-gradient.js";
import { emitInterleave } from "../../src/onnx/lower/blocked/interleave.js";
import { emitToBlocked, emitToPlain } from "../../src/onnx/lower/blocked/reorder.js";
import type { TensorName } from "../../src/onnx/lower/emitter.js";
import type { Kernel } from "./kernel.js";
import { type ConvolutionShape, convolutionShape } from "./network-shapes.js";

/** Strided convolutions of residual networks, of 32×32 and of 224×224 images. */
const shapes = [
  convolutionShape(128, [16, 32], 32, 3, 2),
  convolutionShape(128, [32, 64], 16, 3, 2),
  convolutionShape(64, [64, 128], 32, 3, 2),
  convolutionShape(64, [128, 256], 16, 3, 2),
  convolutionShape(64, [256, 512], 8, 3, 2),
  convolutionShape(8, [128, 128], 56, 3, 2),
  convolutionShape(8, [512, 512], 14, 3, 2),
  convolutionShape(64, [64, 128], 32, 1, 2),
  convolutionShape(64, [256, 512], 8, 1, 2),
  convolutionShape(8, [256, 512], 56, 1, 2),
  convolutionShape(8, [1024, 2048], 14, 1, 2),
];

/** The formulations of a strided convolution's input gradient, beside its forward pass. */
export const inputGradientKernels = (block: number): readonly Kernel[] =>
  shapes.flatMap((shape): Kernel[] => {
    const { name, xShape, wShape, yShape, params } = shape;
    const call = { dy: "dy", dyShape: yShape, w: "w", wShape, params };
    const inputs = { dy: yShape, w: wShape };
    return [
      {
        name: `${name}: forward`,
        inputs: { x: xShape, w: wShape },
        build: (emit) => [emitConvolution({ emit, block }, { ...call, x: "x", xShape, outputShape: yShape })],
      },
      { name: `${name}: phases`, inputs, build: (emit) => [emitInputGradient({ emit, block }, call)] },
      { name: `${name}: zeros between`, inputs, build: (emit) => [emitWithZeros({ emit, block }, shape)] },
      { name: `${name}: ConvTranspose`, inputs, build: (emit) => [emitTransposed({ emit, block }, shape)] },
    ];
  });

/** dy with zeros between its elements, and a convolution without stride. */
function emitWithZeros(context: BlockedContext, { xShape, wShape, yShape, params }: ConvolutionShape): TensorName {
  const { block } = context;
  const [n, k, rows, columns] = yShape as [number, number, number, number];
  const size = [xShape[2]!, xShape[3]!] as const;
  const spread = emitInterleave(context, {
    phases: [
      ["dy", undefined],
      [undefined, undefined],
    ],
    phaseShape: [(n * k) / block, rows, columns, block],
    size,
  });
  const backwards = Array.from({ length: wShape[2]! }, (_, i) => wShape[2]! - 1 - i);
  return emitBlockedConvolution(context, {
    x: view(context, spread, [n, k, ...size]),
    filter: emitExchangedFilter(context, { w: "w", wShape, groups: 1 }, backwards, backwards),
    kernel: wShape.slice(2),
    params: { ...params, stride: [1, 1] },
    group: 1,
  });
}

function emitTransposed(context: BlockedContext, { wShape, xShape, yShape, params }: ConvolutionShape): TensorName {
  const dx = context.emit.op("ConvTranspose", [emitToPlain(context, "dy", yShape), "w"], {
    kernel_shape: wShape.slice(2),
    strides: params.stride,
    pads: params.padding,
    output_padding: [1, 1],
  });
  return emitToBlocked(context, dx, xShape);
}
