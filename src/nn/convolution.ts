import { assertArgument, expectation, ShapeError } from "../core/index.js";
import {
  add,
  type Conv2dOptions,
  conv2d as convolve,
  type Initializer,
  type Layer,
  reshape,
  window2d,
} from "../graph/index.js";
import { declareWeight, type WeightNorm } from "../norm/index.js";
import { constant, heNormal } from "./initializers.js";

/** Options of {@link conv2d}. */
export interface ConvLayerOptions extends Conv2dOptions {
  /** Kernel height and width; 3 by default. */
  readonly kernel?: number | readonly [number, number];
  /** Whether a bias is added; true by default. */
  readonly bias?: boolean;
  /** How the weight starts; He normal over the fan-out by default. The bias starts at 0. */
  readonly initializer?: Initializer;
  /** Makes the weight from stored parameters, per output channel; the weight is the parameter by default. */
  readonly weightNorm?: WeightNorm;
}

/**
 * 2-D convolution: x [N, C, H, W] → [N, channels, H′, W′]. Parameters `weight` [channels, C/groups, h, w] and `bias`.
 * Padding keeps the size at stride 1 by default (⌊dilation (kernel − 1) / 2⌋ on each side).
 */
export function conv2d(channels: number, options: ConvLayerOptions = {}): Layer {
  const { kernel = 3, bias = true, initializer = heNormal(), groups = 1, weightNorm } = options;
  assertArgument(Number.isInteger(channels) && channels > 0, "conv2d", "a positive number of channels", channels);
  const [height, width] = typeof kernel === "number" ? [kernel, kernel] : kernel;
  const [down, across] = window2d(options).dilation;
  const same = [Math.floor((down * (height - 1)) / 2), Math.floor((across * (width - 1)) / 2)] as const;
  const window = { padding: same, ...options };

  return {
    kind: "conv2d",
    apply(x, scope) {
      if (x.rank !== 4) throw new ShapeError(expectation(`conv2d ${scope.path}`, "x [N, C, H, W]", `[${x.shape}]`));
      const shape = [channels, Math.floor(x.shape[1]! / groups), height, width];
      const invariance = bias && !scope.absorption.shift ? "none" : scope.absorption.scale;
      const weight = declareWeight(scope, { name: "weight", shape, initializer, invariance }, weightNorm);
      const product = convolve(x, weight, window);
      const y = bias
        ? add(
            product,
            reshape(scope.stored(scope.parameter("bias", [channels], constant(0), "bias")), [1, channels, 1, 1]),
          )
        : product;
      const proportion = { weight: scope.fullName("weight"), ...(bias ? { offset: scope.fullName("bias") } : {}) };
      // What a weight norm makes does not grow with the parameter that it is made of.
      return scope.noteProportion(y, invariance === "none" || weightNorm ? undefined : proportion);
    },
  };
}
