import { sizeOf } from "../../../core/index.js";
import type { AveragePool2dGradientParams, Pool2dParams } from "../../../graph/index.js";
import type { Attributes } from "../attributes.js";
import type { TensorName } from "../emitter.js";
import type { Rule } from "../lowering.js";

const maxPoolAttributes = ({ kernel, stride, padding, dilation }: Pool2dParams): Attributes => ({
  kernel_shape: kernel,
  strides: stride,
  pads: padding,
  dilations: dilation,
});

const maxPool2d: Rule<Pool2dParams> = ({ emit, inputs, params }) =>
  emit.op("MaxPool", inputs, maxPoolAttributes(params));

/**
 * The positions of the maxima (the first of tied ones) are the pooling's second output. Windows that do not overlap are
 * inverted by an operator of its own: 64 channels, 32×32, batch 128 take 65 ms with the pooling, 80 with a scatter, 78 by
 * masks; the pooling alone takes 11 without positions, but the masks then cost more than the positions.
 */
const maxPool2dGradient: Rule<Pool2dParams> = ({ emit, inputs: [x, , dy], types, params }) => {
  const { shape } = types[0]!;
  const attributes = maxPoolAttributes(params);
  const positions = emit.node("MaxPool", [x!], { attributes }).output(1);
  const { kernel, stride, dilation, padding } = params;
  const apart = kernel.every((size, axis) => (size - 1) * dilation[axis]! < stride[axis]!);
  if (apart && padding.every((width) => width === 0)) {
    const { kernel_shape, strides } = attributes;
    return emit.op("MaxUnpool", [dy!, positions, emit.ints(shape)], { kernel_shape: kernel_shape!, strides: strides! });
  }
  const flat = (name: TensorName): TensorName => emit.op("Reshape", [name, emit.ints([-1])]);
  const zeros = emit.op("ConstantOfShape", [emit.ints([sizeOf(shape)])]);
  const scattered = emit.op("ScatterElements", [zeros, flat(positions), flat(dy!)], { axis: 0, reduction: "add" });
  return emit.op("Reshape", [scattered, emit.ints(shape)]);
};

const averagePool2d: Rule<Pool2dParams> = ({ emit, inputs, params: { kernel, stride, padding } }) =>
  emit.op("AveragePool", inputs, { kernel_shape: kernel, strides: stride, pads: padding, count_include_pad: 1 });

/** Every channel of every image on its own, as a transposed convolution with a constant kernel. */
const averagePool2dGradient: Rule<AveragePool2dGradientParams> = ({ emit, inputs: [dy], types, output, params }) => {
  const { kernel, stride, padding, inputShape } = params;
  const { shape, dtype } = types[0]!;
  const [n, c] = inputShape as [number, number];
  const planes = emit.op("Reshape", [dy!, emit.ints([n * c, 1, ...shape.slice(2)])]);
  const weights = emit.fill(1 / sizeOf(kernel), [1, 1, ...kernel], dtype);
  const rest = [0, 1].map(
    (axis) =>
      inputShape[axis + 2]! +
      padding[axis]! +
      padding[axis + 2]! -
      ((shape[axis + 2]! - 1) * stride[axis]! + kernel[axis]!),
  );
  const spread = emit.op("ConvTranspose", [planes, weights], { strides: stride, pads: padding, output_padding: rest });
  return emit.op("Reshape", [spread, emit.ints(output.shape)]);
};

export const pooling = { maxPool2d, maxPool2dGradient, averagePool2d, averagePool2dGradient };
