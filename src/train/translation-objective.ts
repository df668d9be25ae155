import { div, mul, reshape, total, type Value } from "../graph/index.js";
import { reserved, type Translator } from "../models/index.js";
import { countedLabels, smoothedCrossEntropy } from "../nn/index.js";
import type { Objective } from "./objective.js";

/** Options of {@link translation}. */
export interface TranslationOptions {
  /** How much of each label's probability is spread over the vocabulary, in [0, 1); 0.1 by default. */
  readonly smoothing?: number;
}

/**
 * Translation by the mean cross-entropy per token, in nats, the right tokens so far being given. A batch's shape is
 * `[rows, sourceLength, targetLength]`, its inputs are `source`, `target` (what came before, from the start token on) and
 * `expected`, all int32; it counts `tokens`, those expected that are not padding.
 */
export function translation(network: Translator, { smoothing = 0.1 }: TranslationOptions = {}): Objective {
  return {
    weight: "tokens",
    apply(scope, [rows, sourceLength, targetLength]) {
      const input = (name: string, length: number): Value => scope.graph.input(name, [rows!, length], "int32");
      const source = input("source", sourceLength!);
      const target = input("target", targetLength!);
      const expected = reshape(input("expected", targetLength!), [-1]);
      const logits = network.open(scope).encode(source).logits(target);
      const counted = countedLabels(expected, reserved.pad);
      const losses = smoothedCrossEntropy(reshape(logits, [expected.shape[0]!, -1]), expected, smoothing);
      const tokens = total(counted);
      return { loss: div(total(mul(losses, counted)), tokens), counts: { tokens } };
    },
  };
}
