import { assertArgument } from "../core/index.js";
import { add, broadcastTo, gather, mul, oneHot, reshape, type Scope, type Value } from "../graph/index.js";
import {
  type AttentionMemory,
  causalBias,
  dropout as dropoutLayer,
  embedding,
  laterBias,
  linear,
  paddingBias,
  sinusoidalPositions,
} from "../nn/index.js";
import { decoderLayer, encoderLayer, placedNorm, type TransformerLayerOptions } from "./transformer-layer.js";
import { type NamedValues, type OpenTranslator, reserved, type Translator } from "./translator.js";

/** Options of {@link transformer}. */
export interface TransformerOptions extends Partial<TransformerLayerOptions> {
  /** Tokens of the joint vocabulary. */
  readonly vocabulary: number;
  /** Layers of the encoder, and as many of the decoder; 3 by default. */
  readonly layers?: number;
  /** Width of all that flows between layers; 256 by default. */
  readonly width?: number;
  /** Whether the output layer is the embedding itself; true by default. */
  readonly tied?: boolean;
}

/**
 * The Transformer (Vaswani et al. 2017, arXiv 1706.03762) with one embedding for both languages, scaled by √width, and
 * sinusoidal positions. Dropout acts on the embeddings and on what each sublayer gives. With pre-norm, the default, a last
 * norm follows the encoder and the decoder. Parameters are named as in PyTorch's `nn.Transformer`
 * (`encoder.layers.0.self_attn.in_proj_weight`, …, `encoder.norm.weight`), beside `embedding.weight` and `output.weight`.
 *
 * @throws InvalidArgumentError for sizes that are not positive integers, or an odd width.
 */
export function transformer(options: TransformerOptions): Translator {
  const { vocabulary, layers = 3, width = 256 } = options;
  for (const size of [vocabulary, layers, width]) {
    assertArgument(Number.isInteger(size) && size > 0, "transformer", "positive sizes", size);
  }
  return {
    kind: "transformer",
    vocabulary,
    open: (scope) => openTransformer(scope, { ...options, layers, width }),
  };
}

function openTransformer(
  scope: Scope,
  options: TransformerOptions & { readonly layers: number; readonly width: number },
): OpenTranslator {
  const {
    vocabulary,
    layers,
    width,
    heads = 4,
    tied = true,
    preNorm = true,
    dropout = 0.1,
    norm,
    weightNorm,
  } = options;
  const { graph } = scope;
  const reparametrized = weightNorm ? { weightNorm } : {};
  const table = embedding(scope.child("embedding"), vocabulary, width, reparametrized);
  const inLayer = (side: Scope, layer: number): Scope => side.child(`layers.${layer}`);
  const [encoderScope, decoderScope] = [scope.child("encoder"), scope.child("decoder")];
  const each = Array.from({ length: layers }, (_, layer) => layer);
  const encoder = each.map((layer) => encoderLayer(inLayer(encoderScope, layer), options as TransformerLayerOptions));
  const decoder = each.map((layer) => decoderLayer(inLayer(decoderScope, layer), options as TransformerLayerOptions));

  const embed = (tokens: Value, positions: Value, side: Scope): Value => {
    const sum = scope.stored(add(mul(table.embed(tokens), Math.sqrt(width)), positions));
    return dropoutLayer(dropout).apply(sum, side.child("dropout"));
  };
  const allPositions = (length: number): Value => graph.constant(sinusoidalPositions(length, width));
  const finish = (x: Value, side: Scope): Value => {
    const last = preNorm ? placedNorm(norm) : undefined;
    const inner = side.child("norm");
    return last ? inner.record(inner.stored(last.apply(x, inner))) : x;
  };
  const score = (hidden: Value): Value =>
    tied ? table.score(hidden) : linear(vocabulary, reparametrized).apply(hidden, scope.child("output"));

  return {
    encode(source) {
      const hidden = paddingBias(source, reserved.pad);
      const embedded = embed(source, allPositions(source.shape[1]!), encoderScope);
      const read = finish(
        encoder.reduce((x, layer) => layer.apply(x, hidden), embedded),
        encoderScope,
      );
      return {
        logits(target) {
          const length = target.shape[1]!;
          const biases = { own: causalBias(graph, length), read: hidden };
          const start = embed(target, allPositions(length), decoderScope);
          const x = decoder.reduce((value, layer) => layer.apply(value, layer.remember(read), biases), start);
          return score(finish(x, decoderScope));
        },
        memory: () => ({ hidden, ...named(decoder.map((layer) => layer.remember(read))) }),
        carried(length) {
          const empty = broadcastTo(graph.constant(0), [source.shape[0]!, heads, length, width / heads]);
          return named(decoder.map(() => ({ keys: empty, values: empty })));
        },
      };
    },

    step(tokens, position, memory, carried) {
      const length = carried["0.keys"]!.shape[2]!;
      const places = graph.constant(sinusoidalPositions(length, width));
      const column = [tokens.shape[0]!, 1];
      const at = reshape(oneHot(position, length), [1, 1, length, 1]);
      const own = laterBias(position, length);
      const next: AttentionMemory[] = [];
      let x = embed(reshape(tokens, column), reshape(gather(places, position), [1, 1, width]), decoderScope);
      for (const [index, layer] of decoder.entries()) {
        const past = memoryOf(carried, index);
        const extend = (now: AttentionMemory): AttentionMemory => {
          // The past is 0 at all places not yet reached.
          const grown = { keys: add(past.keys, mul(now.keys, at)), values: add(past.values, mul(now.values, at)) };
          next.push(grown);
          return grown;
        };
        x = layer.apply(x, memoryOf(memory, index), { own, read: memory.hidden! }, extend);
      }
      const logits = reshape(score(finish(x, decoderScope)), [tokens.shape[0]!, vocabulary]);
      return { logits, carried: named(next) };
    },
  };
}

/** Memories of all layers as values with names. */
const named = (memories: readonly AttentionMemory[]): NamedValues =>
  Object.fromEntries(
    memories.flatMap(({ keys, values }, layer) => [
      [`${layer}.keys`, keys],
      [`${layer}.values`, values],
    ]),
  );

const memoryOf = (values: NamedValues, layer: number): AttentionMemory => ({
  keys: values[`${layer}.keys`]!,
  values: values[`${layer}.values`]!,
});
