import { sizeOf } from "../../../core/index.js";
import type { AveragePool2dGradientParams, Pool2dParams } from "../../../graph/index.js";
import type { Attributes } from "../attributes.js";
import type { Rule } from "../lowering.js";

const maxPoolAttributes = ({ kernel, stride, padding, dilation }: Pool2dParams): Attributes => ({
  kernel_shape: kernel,
  strides: stride,
  pads: padding,
  dilations: dilation,
});

const maxPool2d: Rule<Pool2dParams> = ({ emit, inputs, params }) =>
  emit.op("MaxPool", inputs, maxPoolAttributes(params));

/** The positions of the maxima (the first of tied ones) are the pooling's second output. */
const maxPool2dGradient: Rule<Pool2dParams> = ({ emit, inputs: [x, , dy], types, params }) => {
  const { shape } = types[0]!;
  const indices = emit.node("MaxPool", [x!], { attributes: maxPoolAttributes(params) }).output(1);
  const flat = (name: string): string => emit.op("Reshape", [name, emit.ints([-1])]);
  const zeros = emit.op("ConstantOfShape", [emit.ints([sizeOf(shape)])]);
  const scattered = emit.op("ScatterElements", [zeros, flat(indices), flat(dy!)], { axis: 0, reduction: "add" });
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
