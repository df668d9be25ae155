import { expectation, InvalidArgumentError } from "../core/index.js";
import type { Layer } from "../graph/index.js";
import { flatten, maxPool2d, padTo, relu, sequential } from "../nn/index.js";
import { type NormalizationOptions, partsOf, scaled } from "./parts.js";

/** Channels of the convolutions (Simonyan & Zisserman 2015, table 1); M stands for a 2 × 2 maximum pooling. */
const plans: Readonly<Record<number, string>> = {
  11: "64 M 128 M 256 256 M 512 512 M 512 512 M",
  13: "64 64 M 128 128 M 256 256 M 512 512 M 512 512 M",
  16: "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M",
  19: "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M",
};

/** Options of {@link vgg}. */
export interface VggOptions extends NormalizationOptions {
  /** Number of weight layers of the original: 11 (default), 13, 16 or 19. */
  readonly depth?: number;
  /** Multiplies every number of channels; 1 by default. */
  readonly width?: number;
  /** Outputs; 10 by default. */
  readonly classes?: number;
}

/**
 * VGG with batch-norm for 32 × 32 images, as in Hoffer et al. 2018: 3 × 3 convolutions with bias, batch-norm, ReLU, and
 * one linear layer. Smaller images are centred in zeros. Parameters are named as torchvision's `vgg11_bn` names them
 * (`features.0.weight`, …), but for the single `classifier`. Without normalizations their numbers stay free: the second
 * convolution of VGG-11 is `features.4` in any case (torchvision's `vgg11` counts on, and calls it `features.3`).
 *
 * @throws InvalidArgumentError for another depth.
 */
export function vgg({ depth = 11, width = 1, classes = 10, ...normalization }: VggOptions = {}): Layer {
  const plan = plans[depth];
  if (!plan) throw new InvalidArgumentError(expectation("vgg", `a depth of ${Object.keys(plans).join(", ")}`, depth));
  const parts = partsOf(normalization);
  let place = 0;
  const features = plan.split(" ").map((item) =>
    item === "M"
      ? { [place++]: maxPool2d(2) }
      : {
          [place++]: parts.conv(scaled(Number(item), width), { bias: true }),
          ...parts.norm(`${place++}`),
          [place++]: relu(),
        },
  );
  return sequential({
    pad: padTo(32),
    features: sequential(Object.fromEntries(features.flatMap(Object.entries<Layer>))),
    flatten: flatten(),
    classifier: parts.linear(classes),
  });
}
