import type { BlockedContext } from "../../src/onnx/lower/blocked/context.js";
import { emitMaxPool, emitMaxPoolGradient } from "../../src/onnx/lower/blocked/max-pool.js";
import { emitToBlocked, emitToPlain } from "../../src/onnx/lower/blocked/reorder.js";
import { emitSmallMapMaxPool, emitSmallMapMaxPoolGradient } from "../../src/onnx/lower/blocked/small-map-pool.js";
import type { TensorName } from "../../src/onnx/lower/emitter.js";
import type { Kernel } from "./kernel.js";
import { batchLast, type PoolingShape, poolingShape } from "./network-shapes.js";

/** VGG11's poolings, and the first of ImageNet's residual networks. */
const shapes = [
  poolingShape(128, 64, 32, 2),
  poolingShape(128, 128, 16, 2),
  poolingShape(128, 256, 8, 2),
  poolingShape(128, 512, 4, 2),
  poolingShape(128, 512, 2, 2),
  poolingShape(8, 64, 112, 3, 1),
];

/** Max pooling and the formulations of its gradient. */
export const poolingKernels = (block: number): readonly Kernel[] =>
  shapes.flatMap(({ name, ...shape }): Kernel[] => {
    const { xShape, yShape } = shape;
    const call = { ...shape, x: "x", y: "y", dy: "dy" };
    const inputs = { x: xShape, y: yShape, dy: yShape };
    const small = { ...call, xShape: batchLast(xShape), yShape: batchLast(yShape) };
    const smallInputs = { x: small.xShape, y: small.yShape, dy: small.yShape };
    const isSmall = xShape[2]! <= 4;
    return [
      { name: `${name}: blocked`, inputs: { x: xShape }, build: (emit) => [emitMaxPool({ emit, block }, call)] },
      { name: `${name}: gradient by masks`, inputs, build: (emit) => [emitMaxPoolGradient({ emit, block }, call)] },
      {
        name: `${name}: gradient by masks, gated`,
        inputs,
        build: (emit) => [emitMaxPoolGradient({ emit, block }, { ...call, gated: true })],
      },
      {
        name: `${name}: gradient by positions`,
        inputs: { x: xShape, dy: yShape },
        build: (emit) => [emitByPositions({ emit, block }, shape)],
      },
      ...(!isSmall
        ? []
        : [
            {
              name: `${name}: batch last`,
              inputs: { x: small.xShape },
              build: (emit) => [emitSmallMapMaxPool({ emit, block }, small)],
            } satisfies Kernel,
            {
              name: `${name}: gradient, batch last`,
              inputs: smallInputs,
              build: (emit) => [emitSmallMapMaxPoolGradient({ emit, block }, small)],
            } satisfies Kernel,
          ]),
    ];
  });

/** As the portable lowering does it, on row-major tensors. */
function emitByPositions(context: BlockedContext, { xShape, yShape, params }: Omit<PoolingShape, "name">): TensorName {
  const { emit } = context;
  const attributes = { kernel_shape: params.kernel, strides: params.stride };
  const pooling = { ...attributes, pads: params.padding };
  const positions = emit.node("MaxPool", [emitToPlain(context, "x", xShape)], { attributes: pooling }).output(1);
  const dy = emitToPlain(context, "dy", yShape);
  if (params.kernel[0] === 2) {
    return emitToBlocked(context, emit.op("MaxUnpool", [dy, positions, emit.ints(xShape)], attributes), xShape);
  }
  const [all, flat] = [emit.ints([xShape.reduce((a, b) => a * b)]), emit.ints([-1])];
  const dx = emit.op(
    "ScatterElements",
    [emit.op("ConstantOfShape", [all]), emit.op("Reshape", [positions, flat]), emit.op("Reshape", [dy, flat])],
    { axis: 0, reduction: "add" },
  );
  return emitToBlocked(context, emit.op("Reshape", [dx, emit.ints(xShape)]), xShape);
}
