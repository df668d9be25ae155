import { assertArgument } from "../core/index.js";
import { add, type Layer, pad, relu as rectify, slice, type Value } from "../graph/index.js";
import { conv2d, globalAveragePool, linear, padTo, relu, sequential } from "../nn/index.js";
import { type BatchNormOptions, batchNorm } from "../norm/index.js";

/** Options of {@link resnetCifar}. */
export interface ResnetCifarOptions {
  /** 6n + 2 layers: 20 (default), 32, 44, 56, 110. */
  readonly depth?: number;
  /** Multiplies the 16, 32 and 64 channels of the three stages; 1 by default. */
  readonly width?: number;
  /** Outputs; 10 by default. */
  readonly classes?: number;
  /** Options of the batch-norms. */
  readonly norm?: BatchNormOptions;
}

/**
 * The residual network for 32 × 32 images of He et al. 2016 (arXiv 1512.03385, section 4.2): 3 × 3 convolutions without
 * bias, shortcuts without parameters (every second pixel, zeros for the new channels). Smaller images are centred in
 * zeros. Names: `conv1`, `bn1`, `layer1.0.conv1`, …, `fc`.
 *
 * @throws InvalidArgumentError for a depth that is not 6n + 2.
 */
export function resnetCifar({ depth = 20, width = 1, classes = 10, norm }: ResnetCifarOptions = {}): Layer {
  const blocks = (depth - 2) / 6;
  assertArgument(
    Number.isInteger(blocks) && blocks > 0,
    "resnetCifar",
    "a depth of 6n + 2 (20, 32, 44, 56, 110)",
    depth,
  );
  const channels = [16, 32, 64].map((count) => Math.max(1, Math.round(count * width)));
  const stage = (index: number): Layer =>
    sequential(
      ...Array.from({ length: blocks }, (_, block) =>
        basicBlock(channels[index]!, index > 0 && block === 0 ? 2 : 1, norm),
      ),
    );
  return sequential({
    pad: padTo(32),
    conv1: conv2d(channels[0]!, { bias: false }),
    bn1: batchNorm(norm),
    relu: relu(),
    layer1: stage(0),
    layer2: stage(1),
    layer3: stage(2),
    pool: globalAveragePool(),
    fc: linear(classes),
  });
}

function basicBlock(channels: number, stride: number, norm?: BatchNormOptions): Layer {
  const body = sequential({
    conv1: conv2d(channels, { stride, bias: false }),
    bn1: batchNorm(norm),
    relu: relu(),
    conv2: conv2d(channels, { bias: false }),
    bn2: batchNorm(norm),
  });
  return {
    kind: "basicBlock",
    apply: (x, scope) => rectify(add(body.apply(x, scope.enclosed()), shortcut(x, channels, stride))),
  };
}

/** Option A: every `stride`-th pixel, the new channels zero, half of them before and half after the old ones. */
function shortcut(x: Value, channels: number, stride: number): Value {
  const picked = slice(x, [0, 0, 0, 0], x.shape, [1, 1, stride, stride]);
  const missing = channels - x.shape[1]!;
  const before = Math.floor(missing / 2);
  return pad(picked, [0, before, 0, 0], [0, missing - before, 0, 0]);
}
