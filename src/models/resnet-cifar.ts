import { assertArgument, tensor } from "../core/index.js";
import { cast, conv2d, type Layer } from "../graph/index.js";
import { globalAveragePool, padTo, relu, sequential } from "../nn/index.js";
import { scaled } from "./parts.js";
import { type ResidualOptions, type ResidualParts, residualPartsOf } from "./residual.js";

/** Options of {@link resnetCifar}. */
export interface ResnetCifarOptions extends ResidualOptions {
  /** 6n + 2 layers: 20 (default), 32, 44, 56, 110. */
  readonly depth?: number;
  /** Multiplies the 16, 32 and 64 channels of the three stages; 1 by default. */
  readonly width?: number;
  /** Outputs; 10 by default. */
  readonly classes?: number;
}

/**
 * The residual network for 32 × 32 images of He et al. 2016 (arXiv 1512.03385, section 4.2): 3 × 3 convolutions, each
 * followed by a normalization or else with a bias, shortcuts without parameters (every second pixel, zeros for the new
 * channels). Smaller images are centred in zeros. Names: `conv1`, `bn1`, `layer1.0.conv1`, …, `fc`, whatever the
 * normalization is.
 *
 * @throws InvalidArgumentError for a depth that is not 6n + 2, and as {@link ResidualOptions} tell.
 */
export function resnetCifar({ depth = 20, width = 1, classes = 10, ...residual }: ResnetCifarOptions = {}): Layer {
  const blocks = (depth - 2) / 6;
  assertArgument(
    Number.isInteger(blocks) && blocks > 0,
    "resnetCifar",
    "a depth of 6n + 2 (20, 32, 44, 56, 110)",
    depth,
  );
  const parts = residualPartsOf("resnetCifar", residual);
  const channels = [16, 32, 64].map((count) => scaled(count, width));
  const stage = (index: number): Layer =>
    sequential(
      ...Array.from({ length: blocks }, (_, block) =>
        basicBlock(parts, channels[index]!, index > 0 && block === 0 ? 2 : 1),
      ),
    );
  return sequential({
    pad: padTo(32),
    conv1: parts.conv(channels[0]!),
    ...parts.norm("bn1"),
    relu: relu(),
    layer1: stage(0),
    layer2: stage(1),
    layer3: stage(2),
    pool: globalAveragePool(),
    fc: parts.linear(classes),
  });
}

function basicBlock(parts: ResidualParts, channels: number, stride: number): Layer {
  const branch = sequential({
    conv1: parts.conv(channels, { stride }),
    ...parts.norm("bn1"),
    relu: relu(),
    conv2: parts.conv(channels),
    ...parts.lastNorm("bn2"),
  });
  return parts.block("basicBlock", branch, everyPixel(channels, stride));
}

/**
 * Option A: every `stride`-th pixel, the new channels zero, half of them before and half after the old ones. As a convolution
 * whose constant kernel picks a channel for each output, so that it stays where the block's convolutions are.
 */
const everyPixel = (channels: number, stride: number): Layer => ({
  kind: "shortcut",
  apply(x) {
    const given = x.shape[1]!;
    if (given === channels && stride === 1) return x;
    const before = Math.floor((channels - given) / 2);
    const picked = new Float32Array(channels * given);
    for (let channel = 0; channel < given; channel++) picked[(before + channel) * given + channel] = 1;
    const kernel = cast(x.graph.constant(tensor(picked, [channels, given, 1, 1])), x.dtype);
    return conv2d(x, kernel, { stride });
  },
});
