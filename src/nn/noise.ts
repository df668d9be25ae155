import { randomStream, type Shape, sizeOf, type Tensor, tensor } from "../core/index.js";
import type { Graph, Scope, Value } from "../graph/index.js";

/** Noise is integers in [0, 2039): a prime, so that {@link dropout} can hash with it, and small enough for exact float32. */
export const noiseLevels = 2039;

const prefix = "noise/";

/** An input of the graph that is to be fed with fresh random integers in [0, {@link noiseLevels}) at every step. */
export function noiseInput(scope: Scope, name: string, shape: Shape): Value {
  return scope.graph.input(`${prefix}${scope.fullName(name)}`, shape);
}

/**
 * The noise of one training step, for every {@link noiseInput} of a graph: a function of the seed, the step and the
 * input's name, so that a resumed run goes on with the same numbers.
 */
export function noiseFeeds({ inputs }: Graph, seed: number, step: number): Record<string, Tensor> {
  const names = [...inputs.keys()].filter((name) => name.startsWith(prefix));
  return Object.fromEntries(
    names.map((name) => {
      const { shape } = inputs.get(name)!;
      const random = randomStream(seed, name, step);
      const data = Float32Array.from({ length: sizeOf(shape) }, () => random.integer(noiseLevels));
      return [name, tensor(data, shape)];
    }),
  );
}
