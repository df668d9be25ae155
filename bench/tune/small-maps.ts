import { view } from "../../src/onnx/lower/blocked/context.js";
import { emitConvolution } from "../../src/onnx/lower/blocked/convolution.js";
import { emitInputGradient } from "../../src/onnx/lower/blocked/input-gradient.js";
import {
  emitSmallMapConvolution,
  emitSmallMapInputGradient,
  emitSmallMapWeightGradient,
} from "../../src/onnx/lower/blocked/small-map-convolution.js";
import type { Kernel } from "./kernel.js";
import { batchLast, convolutionShape } from "./network-shapes.js";

/** The last convolutions of VGG11 and of residual networks, and one too large for products per pixel. */
const shapes = [
  convolutionShape(128, [512, 512], 2, 3),
  convolutionShape(128, [256, 512], 4, 3),
  convolutionShape(128, [512, 512], 4, 3),
  convolutionShape(64, [512, 512], 4, 3),
  convolutionShape(8, [512, 512], 7, 3),
];

/** Convolutions of small maps: blocked, with the batch as a dimension of one image, and as products per pixel. */
export const smallMapKernels = (block: number): readonly Kernel[] =>
  shapes.flatMap(({ name, xShape, wShape, yShape, params }): Kernel[] => {
    const blocked = { x: "x", xShape, w: "w", wShape, outputShape: yShape, params };
    const [n, c, h, w] = xShape as [number, number, number, number];
    const small = { ...blocked, dy: "dy", xShape: batchLast(xShape), outputShape: batchLast(yShape) };
    const [x, dy] = [small.xShape, small.outputShape];
    return [
      {
        name: `${name}: blocked`,
        inputs: { x: xShape, w: wShape },
        build: (emit) => [emitConvolution({ emit, block }, blocked)],
      },
      {
        name: `${name}: batch as a dimension`,
        inputs: { x, w: wShape },
        build: (emit) => [
          emit.op("Conv", [view({ emit }, "x", [1, c, h, w * n]), "w"], {
            dilations: [1, n],
            pads: [1, n, 1, n],
          }),
        ],
      },
      {
        name: `${name}: products`,
        inputs: { x, w: wShape },
        build: (emit) => [emitSmallMapConvolution({ emit, block }, small)],
      },
      {
        name: `${name}: input gradient, blocked`,
        inputs: { dy: yShape, w: wShape },
        build: (emit) => [emitInputGradient({ emit, block }, { ...blocked, dy: "dy", dyShape: yShape })],
      },
      {
        name: `${name}: input gradient, products`,
        inputs: { dy, w: wShape },
        build: (emit) => [emitSmallMapInputGradient({ emit, block }, small)],
      },
      {
        name: `${name}: weight gradient, products`,
        inputs: { x, dy },
        build: (emit) => [emitSmallMapWeightGradient({ emit, block }, small)],
      },
    ];
  });
