import { expectation, InvalidArgumentError } from "../core/index.js";
import type { Layer } from "../graph/index.js";
import { conv2d, flatten, linear, maxPool2d, padTo, relu, sequential } from "../nn/index.js";
import { type BatchNormOptions, batchNorm } from "../norm/index.js";

/** Channels of the convolutions (Simonyan & Zisserman 2015, table 1); M stands for a 2 × 2 maximum pooling. */
const plans: Readonly<Record<number, string>> = {
  11: "64 M 128 M 256 256 M 512 512 M 512 512 M",
  13: "64 64 M 128 128 M 256 256 M 512 512 M 512 512 M",
  16: "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M",
  19: "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M",
};

/** Options of {@link vgg}. */
export interface VggOptions {
  /** Number of weight layers of the original: 11 (default), 13, 16 or 19. */
  readonly depth?: number;
  /** Multiplies every number of channels; 1 by default. */
  readonly width?: number;
  /** Outputs; 10 by default. */
  readonly classes?: number;
  /** Options of the batch-norms. */
  readonly norm?: BatchNormOptions;
}

/**
 * VGG with batch-norm for 32 × 32 images, as in Hoffer et al. 2018: 3 × 3 convolutions with bias, batch-norm, ReLU, and
 * one linear layer. Smaller images are centred in zeros. Parameters are named as torchvision's `vgg11_bn` names them
 * (`features.0.weight`, …), but for the single `classifier`.
 *
 * @throws InvalidArgumentError for another depth.
 */
export function vgg({ depth = 11, width = 1, classes = 10, norm }: VggOptions = {}): Layer {
  const plan = plans[depth];
  if (!plan) throw new InvalidArgumentError(expectation("vgg", `a depth of ${Object.keys(plans).join(", ")}`, depth));
  const features = plan
    .split(" ")
    .flatMap((item) =>
      item === "M" ? [maxPool2d(2)] : [conv2d(Math.max(1, Math.round(Number(item) * width))), batchNorm(norm), relu()],
    );
  return sequential({
    pad: padTo(32),
    features: sequential(...features),
    flatten: flatten(),
    classifier: linear(classes),
  });
}
