import { type Shape, sizeOf } from "../core/index.js";
import type { Conv2dParams } from "../graph/index.js";
import { gemm, transposed } from "./gemm.js";
import { patchOffsets, sweepOf } from "./patches.js";
import type { Rules } from "./rule.js";

type ConvolutionName = "conv2d" | "conv2dInputGradient" | "conv2dWeightGradient";

/**
 * Float64 evaluation of the convolution and its two gradients. All three gather the windows of one image and group into
 * a matrix ("im2col") and multiply.
 */
export const convolutionRules: Rules<ConvolutionName> = {
  conv2d: ([x, w], params, { shape }) => {
    const plan = planOf(x!.shape, w!.shape, shape, params);
    const { depth, area, outputs } = plan;
    const out = new Float64Array(sizeOf(shape));
    const patches = new Float64Array(area * depth);
    for (const { image, group } of blocks(plan)) {
      gatherPatches(plan, x!.data, plan.inputAt(image, group), patches, "area first");
      gemm(outputs, area, depth, w!.data, group * outputs * depth, patches, 0, out, plan.outputAt(image, group));
    }
    return out;
  },
  conv2dInputGradient: ([dy, w], params, { shape }) => {
    const plan = planOf(shape, w!.shape, dy!.shape, params);
    const { depth, area, outputs } = plan;
    const out = new Float64Array(sizeOf(shape));
    const patches = new Float64Array(depth * area);
    const pixels = new Float64Array(area * outputs);
    const weights = Array.from({ length: params.groups }, (_, group) =>
      transposed(w!.data, group * outputs * depth, outputs, depth),
    );
    for (const { image, group } of blocks(plan)) {
      transposed(dy!.data, plan.outputAt(image, group), outputs, area, pixels);
      gemm(depth, area, outputs, weights[group]!, 0, pixels, 0, patches.fill(0), 0);
      scatterPatches(plan, patches, out, plan.inputAt(image, group));
    }
    return out;
  },
  conv2dWeightGradient: ([x, dy], params, { shape }) => {
    const plan = planOf(x!.shape, shape, dy!.shape, params);
    const { depth, area, outputs } = plan;
    const out = new Float64Array(sizeOf(shape));
    const patches = new Float64Array(depth * area);
    for (const { image, group } of blocks(plan)) {
      gatherPatches(plan, x!.data, plan.inputAt(image, group), patches, "depth first");
      gemm(outputs, depth, area, dy!.data, plan.outputAt(image, group), patches, 0, out, group * outputs * depth);
    }
    return out;
  },
};

/** Sizes of the matrices that a convolution is made of, per image and group. */
interface Plan {
  readonly images: number;
  readonly groups: number;
  /** Input channels of a group. */
  readonly channels: number;
  /** Output channels of a group. */
  readonly outputs: number;
  /** Weights of one output channel: channels · kernel height · kernel width. */
  readonly depth: number;
  /** Output pixels. */
  readonly area: number;
  /** Input pixels. */
  readonly pixels: number;
  /** See {@link patchOffsets}. */
  readonly offsets: Int32Array;
  /** Where the input channels of an image's group start. */
  readonly inputAt: (image: number, group: number) => number;
  /** Where the output channels of an image's group start. */
  readonly outputAt: (image: number, group: number) => number;
}

function planOf(x: Shape, w: Shape, y: Shape, params: Conv2dParams): Plan {
  const { groups } = params;
  const [outputs, channels] = [w[0]! / groups, w[1]!];
  const pixels = x[2]! * x[3]!;
  const area = y[2]! * y[3]!;
  return {
    images: x[0]!,
    groups,
    channels,
    outputs,
    depth: channels * w[2]! * w[3]!,
    area,
    pixels,
    offsets: patchOffsets(sweepOf(x, y, [w[2]!, w[3]!], params)),
    inputAt: (image, group) => (image * groups + group) * channels * pixels,
    outputAt: (image, group) => (image * groups + group) * outputs * area,
  };
}

function* blocks({ images, groups }: Plan): Generator<{ image: number; group: number }> {
  for (let image = 0; image < images; image++) for (let group = 0; group < groups; group++) yield { image, group };
}

/** Copies the windows of a group's channels into a matrix [area, depth] or [depth, area]. */
function gatherPatches(
  { channels, depth, area, pixels, offsets }: Plan,
  x: Float64Array,
  start: number,
  out: Float64Array,
  order: "area first" | "depth first",
): void {
  const taps = depth / channels;
  const [pixelStep, depthStep] = order === "area first" ? [depth, 1] : [1, area];
  for (let channel = 0; channel < channels; channel++) {
    const from = start + channel * pixels;
    for (let tap = 0; tap < taps; tap++) {
      let to = (channel * taps + tap) * depthStep;
      for (let i = tap * area; i < (tap + 1) * area; i++, to += pixelStep) {
        out[to] = offsets[i]! < 0 ? 0 : x[from + offsets[i]!]!;
      }
    }
  }
}

/** Adds a matrix of windows [depth, area] back to where they came from: the adjoint of gathering. */
function scatterPatches(
  { channels, depth, area, pixels, offsets }: Plan,
  patches: Float64Array,
  out: Float64Array,
  start: number,
): void {
  const taps = depth / channels;
  for (let channel = 0; channel < channels; channel++) {
    const to = start + channel * pixels;
    let from = channel * taps * area;
    for (let i = 0; i < taps * area; i++, from++) if (offsets[i]! >= 0) out[to + offsets[i]!]! += patches[from]!;
  }
}
