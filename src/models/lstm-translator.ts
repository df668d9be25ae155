import { assertArgument } from "../core/index.js";
import {
  add,
  broadcastTo,
  cast,
  concat,
  equal,
  exp,
  logSoftmax,
  matmul,
  mul,
  reduceSum,
  reshape,
  type Scope,
  sliceAxis,
  sub,
  tanh,
  transpose,
  transposeLast,
  type Value,
} from "../graph/index.js";
import {
  dropout as dropoutLayer,
  embedding,
  hiddenScore,
  type Lstm,
  type LstmState,
  linear,
  lstm,
} from "../nn/index.js";
import type { NormFactory, WeightNorm } from "../norm/index.js";
import { type NamedValues, type OpenTranslator, reserved, type Translator } from "./translator.js";

/** Options of {@link lstmTranslator}. */
export interface LstmTranslatorOptions {
  /** Tokens of the joint vocabulary. */
  readonly vocabulary: number;
  /** Layers of the encoder, and as many of the decoder; 2 by default. */
  readonly layers?: number;
  /** Width of embeddings and hidden states; 256 by default. */
  readonly width?: number;
  /** Normalizes inside the LSTMs; see `lstm`. `"none"` by default. */
  readonly norm?: NormFactory;
  /** Makes the weights from stored parameters, per output feature. */
  readonly weightNorm?: WeightNorm;
  /** Rate of dropout on embeddings, between layers and before the output; 0.1 by default. */
  readonly dropout?: number;
  /** Whether the output layer is the embedding itself; true by default. */
  readonly tied?: boolean;
}

/**
 * Encoder and decoder of stacked LSTMs with one embedding for both languages and global attention (Luong et al. 2015,
 * arXiv 1508.04025, `general` score): the decoder starts from the encoder's last states; a = softmax(h W m) over what was
 * read, m; scores of tanh(W_c [a m, h]). Attention is not fed back, so that all steps are attended at once.
 *
 * @throws InvalidArgumentError for sizes that are not positive integers.
 */
export function lstmTranslator(options: LstmTranslatorOptions): Translator {
  const { vocabulary, layers = 2, width = 256 } = options;
  for (const size of [vocabulary, layers, width]) {
    assertArgument(Number.isInteger(size) && size > 0, "lstmTranslator", "positive sizes", size);
  }
  return { kind: "lstm", vocabulary, open: (scope) => openLstm(scope, { ...options, layers, width }) };
}

function openLstm(
  scope: Scope,
  options: LstmTranslatorOptions & { readonly layers: number; readonly width: number },
): OpenTranslator {
  const { vocabulary, layers, width, norm, weightNorm, dropout = 0.1, tied = true } = options;
  const reparametrized = weightNorm ? { weightNorm } : {};
  const table = embedding(scope.child("embedding"), vocabulary, width, reparametrized);
  const stack = (side: Scope): Lstm[] =>
    Array.from({ length: layers }, (_, layer) =>
      lstm(side.child(`layers.${layer}`), width, width, { ...(norm ? { norm } : {}), ...reparametrized }),
    );
  const [encoderScope, decoderScope] = [scope.child("encoder"), scope.child("decoder")];
  const [encoder, decoder] = [stack(encoderScope), stack(decoderScope)];
  const drop = (x: Value, place: Scope): Value => dropoutLayer(dropout).apply(x, place);

  /** Embeds [N, T] as [T, N, width]. */
  const embed = (tokens: Value, side: Scope): Value =>
    drop(scope.stored(mul(table.embed(transpose(tokens, [1, 0])), Math.sqrt(width))), side.child("dropout"));

  /** All layers over all steps, from the given states. */
  function run(x: Value, layersOf: readonly Lstm[], side: Scope, starts: readonly LstmState[] = []): LstmState[] {
    const states: LstmState[] = [];
    for (const [index, layer] of layersOf.entries()) {
      const below = states.at(-1)?.hidden;
      const input = below ? drop(below, side.child(`dropout${index}`)) : x;
      states.push(layer.run(input, starts[index]));
    }
    return states;
  }

  /** Scores after attention: hidden [N, T, width], keys and read [N, S, width], bias [N, 1, S]. */
  function score(hidden: Value, { keys, read, bias }: NamedValues): Value {
    const attention = decoderScope.child("attention");
    const closeness = add(scope.stored(matmul(hidden, transposeLast(keys!))), bias!);
    const found = scope.stored(matmul(scope.stored(exp(logSoftmax(closeness))), read!));
    const combine = linear(width, { bias: false, ...reparametrized });
    const combined = tanh(combine.apply(concat([found, hidden], 2), attention.child("combine")));
    const last = drop(scope.stored(combined), attention.child("dropout"));
    return tied ? table.score(last) : linear(vocabulary, reparametrized).apply(last, scope.child("output"));
  }

  return {
    encode(source) {
      const states = run(embed(source, encoderScope), encoder, encoderScope);
      const lasts = states.map((state) => lastStates(state, source));
      const read = transpose(states.at(-1)!.hidden, [1, 0, 2]);
      const padding = equal(source, source.graph.constant(reserved.pad, source.dtype));
      const memory = (): NamedValues => {
        const key = linear(width, { bias: false, ...reparametrized });
        return {
          read,
          keys: key.apply(read, decoderScope.child("attention.key")),
          bias: reshape(mul(cast(padding, "float32"), hiddenScore), [source.shape[0]!, 1, source.shape[1]!]),
        };
      };
      return {
        logits(target) {
          const outputs = run(embed(target, decoderScope), decoder, decoderScope, lasts);
          return score(transpose(outputs.at(-1)!.hidden, [1, 0, 2]), memory());
        },
        memory,
        carried: () => named(lasts),
      };
    },

    step(tokens, _position, memory, carried) {
      const rows = tokens.shape[0]!;
      const embedded = embed(reshape(tokens, [rows, 1]), decoderScope);
      let x = reshape(embedded, [rows, width]);
      const next = decoder.map((layer, index) => {
        const state = layer.step(x, { hidden: carried[`${index}.hidden`]!, cell: carried[`${index}.cell`]! });
        x = state.hidden;
        return state;
      });
      const logits = score(reshape(x, [rows, 1, width]), memory);
      return { logits: reshape(logits, [rows, vocabulary]), carried: named(next) };
    },
  };
}

/** The states [T, N, width] at each sentence's last token before padding: [N, width]. */
function lastStates({ hidden, cell }: LstmState, source: Value): LstmState {
  const [n, length] = source.shape as [number, number];
  const pad = source.graph.constant(reserved.pad, source.dtype);
  const padded = cast(equal(source, pad), "float32");
  const ends = source.graph.constant(1);
  const following = length > 1 ? [sliceAxis(padded, 1, 1, length)] : [];
  // The last token is one that is not padding before one that is, or at the end.
  const after = concat([...following, broadcastTo(ends, [n, 1])], 1);
  const isLast = reshape(transpose(sub(after, padded), [1, 0]), [length, n, 1]);
  const pick = (states: Value): Value => reshape(reduceSum(mul(states, isLast), [0]), [n, -1]);
  return { hidden: pick(hidden), cell: pick(cell) };
}

const named = (states: readonly LstmState[]): NamedValues =>
  Object.fromEntries(
    states.flatMap(({ hidden, cell }, layer) => [
      [`${layer}.hidden`, hidden],
      [`${layer}.cell`, cell],
    ]),
  );
