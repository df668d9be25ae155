import { type Shape, sizeOf } from "../core/index.js";
import type { Initializer } from "../graph/index.js";

/** Every element the same. */
export const constant =
  (value: number): Initializer =>
  (shape) =>
    new Float32Array(sizeOf(shape)).fill(value);

/** Normal with mean 0 and the given standard deviation. */
export const normal =
  (std: number): Initializer =>
  (shape, random) =>
    Float32Array.from({ length: sizeOf(shape) }, () => std * random.normal());

/** Uniform in [−bound, bound). */
export const uniform =
  (bound: number): Initializer =>
  (shape, random) =>
    Float32Array.from({ length: sizeOf(shape) }, () => bound * (2 * random.uniform() - 1));

/** Connections into one output of a weight [out, in, …]. */
export const fanIn = (shape: Shape): number => sizeOf(shape.slice(1));

/** Connections out of one input of a weight [out, in, …]. */
export const fanOut = (shape: Shape): number => shape[0]! * sizeOf(shape.slice(2));

/** He et al. 2015 for ReLU networks: normal with variance 2 / fan, the fan being that of the outputs by default. */
export const heNormal =
  (fan: (shape: Shape) => number = fanOut): Initializer =>
  (shape, ...rest) =>
    normal(Math.sqrt(2 / fan(shape)))(shape, ...rest);

/** Uniform within ±1/√fanIn: what PyTorch gives a linear layer. `fan` overrides the fan, for biases. */
export const uniformFanIn =
  (fan?: number): Initializer =>
  (shape, ...rest) =>
    uniform(1 / Math.sqrt(fan ?? fanIn(shape)))(shape, ...rest);

/** Glorot & Bengio 2010: uniform within ±√(6 / (fanIn + fanOut)). */
export const glorotUniform =
  (): Initializer =>
  (shape, ...rest) =>
    uniform(Math.sqrt(6 / (fanIn(shape) + fanOut(shape))))(shape, ...rest);

/** What another initializer gives, times a factor. */
export const scaledBy =
  (factor: number, initializer: Initializer): Initializer =>
  (...given) =>
    initializer(...given).map((value) => factor * value);
