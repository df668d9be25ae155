import { expectation, InvalidArgumentError } from "../core/index.js";
import type { Layer } from "../graph/index.js";
import { globalAveragePool, maxPool2d, relu, sequential } from "../nn/index.js";
import { scaled } from "./parts.js";
import { type ResidualOptions, type ResidualParts, residualPartsOf } from "./residual.js";

/** Blocks of the four stages (He et al. 2016, table 1), and what a block is. */
const plans: Readonly<Record<number, { readonly blocks: readonly number[]; readonly block: BlockMaker }>> = {
  18: { blocks: [2, 2, 2, 2], block: basicBlock },
  34: { blocks: [3, 4, 6, 3], block: basicBlock },
  50: { blocks: [3, 4, 6, 3], block: bottleneck },
  101: { blocks: [3, 4, 23, 3], block: bottleneck },
};

/** Makes a block of so many channels inside, from a network's parts. */
type BlockMaker = (parts: ResidualParts, channels: number, stride: number) => Layer;

/** Options of {@link resnet}. */
export interface ResnetOptions extends ResidualOptions {
  /** Number of weight layers: 18 (default), 34, 50 or 101. */
  readonly depth?: number;
  /**
   * What comes before the four stages. `imagenet`: a 7 × 7 convolution and a 3 × 3 maximum pooling, both with stride 2,
   * which leave a quarter of height and width. `cifar`: a 3 × 3 convolution, which leaves them whole. By default as the
   * images are: `imagenet` above 64 pixels of height or width, `cifar` up to that.
   */
  readonly stem?: "imagenet" | "cifar";
  /** Multiplies all numbers of channels, 64 to 512 of the stages; 1 by default. */
  readonly width?: number;
  /** Outputs; 10 by default. */
  readonly classes?: number;
}

/**
 * The residual network of He et al. 2016 (arXiv 1512.03385, table 1) for images [N, C, H, W] of any size. Shortcuts are
 * 1 × 1 convolutions with a normalization where the shape changes (option B); in bottlenecks the 3 × 3 convolution has
 * the stride, as in torchvision. Convolutions have a bias only where no normalization follows. Parameters and buffers
 * are named as torchvision's `resnet18` names them (`conv1`, `bn1`, `layer1.0.conv1`, `layer2.0.downsample.0`, `fc`),
 * whatever the normalization is, so that weights interchange.
 *
 * @throws InvalidArgumentError for another depth or stem, and as {@link ResidualOptions} tell.
 *
 * @example
 * const network = resnet({ depth: 50, classes: 1000, stem: "imagenet", zeroGamma: true });
 */
export function resnet({ depth = 18, stem, width = 1, classes = 10, ...residual }: ResnetOptions = {}): Layer {
  const plan = plans[depth];
  if (!plan)
    throw new InvalidArgumentError(expectation("resnet", `a depth of ${Object.keys(plans).join(", ")}`, depth));
  if (stem !== undefined && !(stem in stems)) {
    throw new InvalidArgumentError(expectation("resnet", `a stem of ${Object.keys(stems).join(", ")}`, stem));
  }
  const parts = residualPartsOf("resnet", residual);
  const stage = (count: number, index: number): Layer =>
    sequential(
      ...Array.from({ length: count }, (_, block) =>
        plan.block(parts, scaled(64 * 2 ** index, width), index > 0 && block === 0 ? 2 : 1),
      ),
    );
  const body = Object.fromEntries(plan.blocks.map((count, index) => [`layer${index + 1}`, stage(count, index)]));
  return {
    kind: "resnet",
    apply(x, scope) {
      const chosen = stem ?? (Math.max(...x.shape.slice(2)) > 64 ? "imagenet" : "cifar");
      const layers = { ...stems[chosen](parts, scaled(64, width)), ...body, avgpool: globalAveragePool() };
      return sequential({ ...layers, fc: parts.linear(classes) }).apply(x, scope);
    },
  };
}

const stems = {
  imagenet: (parts: ResidualParts, channels: number): Readonly<Record<string, Layer>> => ({
    conv1: parts.conv(channels, { kernel: 7, stride: 2 }),
    ...parts.norm("bn1"),
    relu: relu(),
    maxpool: maxPool2d({ kernel: 3, stride: 2, padding: 1 }),
  }),
  cifar: (parts: ResidualParts, channels: number): Readonly<Record<string, Layer>> => ({
    conv1: parts.conv(channels),
    ...parts.norm("bn1"),
    relu: relu(),
  }),
};

function basicBlock(parts: ResidualParts, channels: number, stride: number): Layer {
  const branch = sequential({
    conv1: parts.conv(channels, { stride }),
    ...parts.norm("bn1"),
    relu: relu(),
    conv2: parts.conv(channels),
    ...parts.lastNorm("bn2"),
  });
  return parts.block("basicBlock", branch, projection(parts, channels, stride));
}

function bottleneck(parts: ResidualParts, channels: number, stride: number): Layer {
  const branch = sequential({
    conv1: parts.conv(channels, { kernel: 1 }),
    ...parts.norm("bn1"),
    relu1: relu(),
    conv2: parts.conv(channels, { stride }),
    ...parts.norm("bn2"),
    relu2: relu(),
    conv3: parts.conv(4 * channels, { kernel: 1 }),
    ...parts.lastNorm("bn3"),
  });
  return parts.block("bottleneck", branch, projection(parts, 4 * channels, stride));
}

/** Option B: the input itself where it has the output's shape, a 1 × 1 convolution and a normalization elsewhere. */
function projection(parts: ResidualParts, channels: number, stride: number): Layer {
  const changed = sequential({ 0: parts.conv(channels, { kernel: 1, stride }), ...parts.norm("1") });
  return {
    kind: "shortcut",
    apply: (x, scope) => (stride === 1 && x.shape[1] === channels ? x : changed.apply(x, scope)),
  };
}
