import { assertArgument } from "../core/index.js";
import { gather, type Initializer, type Scope, type Value } from "../graph/index.js";
import { declareWeight, type WeightNorm } from "../norm/index.js";
import { normal } from "./initializers.js";
import { times } from "./linear.js";

/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  /** How the table starts; normal with variance 1/width by default. */
  readonly initializer?: Initializer;
  /** Makes the table from stored parameters, per token; the table is the parameter by default. */
  readonly weightNorm?: WeightNorm;
}

/** A table with a vector for each token, which may serve as the output layer too. */
export interface Embedding {
  /** The vectors of tokens (integers in [0, vocabulary)) of any shape: [...] → [..., width]. */
  embed(tokens: Value): Value;
  /** Products with every token's vector, [..., width] → [..., vocabulary]: a tied output layer (Press & Wolf 2017). */
  score(hidden: Value): Value;
}

/**
 * Declares the table of an embedding, the parameter `weight` [vocabulary, width].
 *
 * @throws InvalidArgumentError unless both sizes are positive integers.
 */
export function embedding(
  scope: Scope,
  vocabulary: number,
  width: number,
  { initializer = normal(width ** -0.5), weightNorm }: EmbeddingOptions = {},
): Embedding {
  for (const size of [vocabulary, width]) {
    assertArgument(Number.isInteger(size) && size > 0, "embedding", "positive sizes", size);
  }
  const spec = { name: "weight", shape: [vocabulary, width], initializer, invariance: "none" } as const;
  const table = declareWeight(scope, spec, weightNorm);
  return {
    embed: (tokens) => gather(table, tokens),
    score: (hidden) => scope.stored(times(hidden, table)),
  };
}
