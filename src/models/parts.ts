import type { Initializer, Layer } from "../graph/index.js";
import { type ConvLayerOptions, conv2d, linear } from "../nn/index.js";
import { batchNorm, type NormFactory, type NormPlace, type WeightNorm } from "../norm/index.js";

/** What the networks of this room let one choose of their normalization. */
export interface NormalizationOptions {
  /** Makes the normalization behind each convolution; batch-norm by default, `"none"`: biases and nothing else. */
  readonly norm?: NormFactory;
  /**
   * Reparametrizes the weight of every convolution; none by default. The last linear layer stays plain, as in the
   * published code of Hoffer et al. 2018: at a fixed norm its logits could not grow.
   */
  readonly weightNorm?: WeightNorm;
  /** How the weights of the convolutions start; He normal over the fan-out by default. */
  readonly initializer?: Initializer;
}

/** Makes the layers of one network, all of them as its {@link NormalizationOptions} say. */
export interface Parts {
  /** A convolution, with a bias only where no normalization follows it, unless the options say more. */
  conv(channels: number, options?: ConvLayerOptions): Layer;
  /** The normalization of a place, as an entry of a sequence; no entry in a network without. */
  norm(name: string, place?: NormPlace): Readonly<Record<string, Layer>>;
  /** The last layer. */
  linear(classes: number): Layer;
}

/** The layers that networks with these options are made of. */
export function partsOf({ norm = (place) => batchNorm(place), weightNorm, initializer }: NormalizationOptions): Parts {
  const weights = { ...(weightNorm ? { weightNorm } : {}), ...(initializer ? { initializer } : {}) };
  return {
    conv: (channels, options) => conv2d(channels, { bias: norm === "none", ...weights, ...options }),
    norm: (name, place = {}): Record<string, Layer> => (norm === "none" ? {} : { [name]: norm(place) }),
    linear: (classes) => linear(classes),
  };
}

/** `count` channels at a network's width, at least one. */
export const scaled = (count: number, width: number): number => Math.max(1, Math.round(count * width));
