import type {
  Conv2dInputGradientParams,
  Conv2dParams,
  Conv2dWeightGradientParams,
  Window2d,
} from "../../../graph/index.js";
import type { Rule } from "../lowering.js";

const conv2d: Rule<Conv2dParams> = ({ emit, inputs, params: { stride, padding, dilation, groups } }) =>
  emit.op("Conv", inputs, { strides: stride, pads: padding, dilations: dilation, group: groups });

const conv2dInputGradient: Rule<Conv2dInputGradientParams> = ({ emit, inputs, types, params }) => {
  const { stride, padding, dilation, groups, inputShape } = params;
  const kernel = types[1]!.shape.slice(2);
  const reached = [0, 1].map((axis) => reach(axis, types[0]!.shape[axis + 2]!, kernel, params));
  return emit.op("ConvTranspose", inputs, {
    strides: stride,
    pads: padding,
    dilations: dilation,
    group: groups,
    // Rows and columns at the end that no window reached.
    output_padding: reached.map((end, axis) => inputShape[axis + 2]! + padding[axis]! + padding[axis + 2]! - end),
  });
};

/** How far the windows reach along an axis, counted from the start of the padded input. */
function reach(axis: number, windows: number, kernel: readonly number[], { stride, dilation }: Window2d): number {
  return (windows - 1) * stride[axis]! + (kernel[axis]! - 1) * dilation[axis]! + 1;
}

/**
 * One 3-D convolution: x seen as [1, N, C, H, W], the batch as its channels, with dy as a filter [K, N, 1, H′, W′]. Its
 * output is [1, K, C, h, w]: the gradient, without a transpose of anything but dy. The strides of the forward
 * convolution are the dilations of this one, and the other way round.
 *
 * With groups, each is a group here: x becomes [1, groups·N, C/groups, H, W].
 */
const conv2dWeightGradient: Rule<Conv2dWeightGradientParams> = ({ emit, inputs: [x, dy], types, params }) => {
  const { stride, padding, dilation, groups, weightShape } = params;
  const [n, , height, width] = types[0]!.shape as [number, number, number, number];
  const [k, perGroup, ...kernel] = weightShape as [number, number, number, number];
  const windows = types[1]!.shape.slice(2);

  let image = x!;
  if (groups > 1) {
    const split = emit.op("Reshape", [image, emit.ints([n, groups, perGroup, height, width])]);
    image = emit.op("Transpose", [split], { perm: [1, 0, 2, 3, 4] });
  }
  image = emit.op("Reshape", [image, emit.ints([1, groups * n, perGroup, height, width])]);
  const turned = emit.op("Transpose", [dy!], { perm: [1, 0, 2, 3] });
  const filter = emit.op("Reshape", [turned, emit.ints([k, n, 1, ...windows])]);

  // The end is padded, or cut (negative), to what the windows reached: more would make the result larger than the kernel.
  const sizes = [height, width];
  const ends = sizes.map((size, axis) => reach(axis, windows[axis]!, kernel, params) - size - padding[axis]!);
  const cut = [0, 1].filter((axis) => ends[axis]! < 0);
  if (cut.length > 0) {
    const stops = emit.ints(cut.map((axis) => sizes[axis]! + ends[axis]!));
    image = emit.op("Slice", [image, emit.ints(cut.map(() => 0)), stops, emit.ints(cut.map((axis) => axis + 3))]);
  }
  const gradient = emit.op("Conv", [image, filter], {
    strides: [1, ...dilation],
    dilations: [1, ...stride],
    pads: [0, padding[0], padding[1], 0, ...ends.map((end) => Math.max(end, 0))],
    group: groups,
  });
  return emit.op("Reshape", [gradient, emit.ints(weightShape)]);
};

export const convolution = { conv2d, conv2dInputGradient, conv2dWeightGradient };
