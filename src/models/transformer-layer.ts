import { add, type Layer, type Scope, type Value } from "../graph/index.js";
import {
  type AttentionMemory,
  dropout as dropoutLayer,
  linear,
  type MultiHeadAttention,
  multiHeadAttention,
  relu,
  sequential,
} from "../nn/index.js";
import { layerNorm, type NormFactory, type WeightNorm } from "../norm/index.js";

/** What all layers of a Transformer share. */
export interface TransformerLayerOptions {
  readonly width: number;
  /** 4 by default. */
  readonly heads?: number;
  /** Width between the two linear layers; 4 · width by default. */
  readonly feedForward?: number;
  /** Whether each sublayer normalizes its input, x + f(norm(x)), instead of the sum, norm(x + f(x)); true by default. */
  readonly preNorm?: boolean;
  /** Layer norm by default. */
  readonly norm?: NormFactory;
  /** Makes the weights from stored parameters, per output feature. */
  readonly weightNorm?: WeightNorm;
  /** Rate at which what a sublayer gives is dropped, before the sum; 0.1 by default. */
  readonly dropout?: number;
}

/** Encoder layer: attention of the sequence to itself, then two linear layers with a ReLU between them. */
export interface EncoderLayer {
  /** x [N, S, width]; bias as in {@link MultiHeadAttention}. */
  apply(x: Value, bias?: Value): Value;
}

/** Decoder layer: attention to itself, attention to what was read, two linear layers. */
export interface DecoderLayer {
  /** Keys and values of what was read, [N, S, width]. */
  remember(read: Value): AttentionMemory;
  /** x [N, T, width]; `extend` as in {@link MultiHeadAttention.attendItself}. */
  apply(
    x: Value,
    memory: AttentionMemory,
    biases: { readonly own?: Value; readonly read?: Value },
    extend?: (own: AttentionMemory) => AttentionMemory,
  ): Value;
}

/**
 * Declares an encoder layer (Vaswani et al. 2017, section 3.1), with PyTorch's names: `self_attn`, `linear1`, `linear2`,
 * `norm1`, `norm2`.
 */
export function encoderLayer(scope: Scope, options: TransformerLayerOptions): EncoderLayer {
  const attention = attentionOf(scope.child("self_attn"), options);
  return {
    apply(x, bias) {
      const mixed = residual(scope, 1, options, x, (inner) => attention.attendItself(inner, bias));
      return residual(scope, 2, options, mixed, feedForward(scope, options));
    },
  };
}

/** Declares a decoder layer, with PyTorch's names: those of the encoder layer, `multihead_attn` and `norm3`. */
export function decoderLayer(scope: Scope, options: TransformerLayerOptions): DecoderLayer {
  const own = attentionOf(scope.child("self_attn"), options);
  const other = attentionOf(scope.child("multihead_attn"), options);
  return {
    remember: (read) => other.remember(read),
    apply(x, memory, biases, extend) {
      const mixed = residual(scope, 1, options, x, (inner) => own.attendItself(inner, biases.own, extend));
      const informed = residual(scope, 2, options, mixed, (inner) => other.attend(inner, memory, biases.read));
      return residual(scope, 3, options, informed, feedForward(scope, options));
    },
  };
}

/** The normalization of a place, as a layer. */
export const placedNorm = (norm: NormFactory | undefined): Layer | undefined =>
  norm === "none" ? undefined : (norm ?? layerNorm)({});

function attentionOf(scope: Scope, { width, heads, weightNorm }: TransformerLayerOptions): MultiHeadAttention {
  return multiHeadAttention(scope, width, { ...(heads ? { heads } : {}), ...(weightNorm ? { weightNorm } : {}) });
}

function feedForward(scope: Scope, { width, feedForward: inner = 4 * width, weightNorm }: TransformerLayerOptions) {
  const options = weightNorm ? { weightNorm } : {};
  const layers = sequential({ linear1: linear(inner, options), relu: relu(), linear2: linear(width, options) });
  return (x: Value): Value => layers.apply(x, scope);
}

/** A sublayer with the sum and the normalization around it. */
function residual(
  scope: Scope,
  place: number,
  { preNorm = true, norm, dropout = 0.1 }: TransformerLayerOptions,
  x: Value,
  sublayer: (x: Value) => Value,
): Value {
  const normalize = (value: Value): Value => {
    const inner = scope.child(`norm${place}`);
    const layer = placedNorm(norm);
    return layer ? inner.record(inner.stored(layer.apply(value, inner))) : value;
  };
  const branch = sublayer(preNorm ? normalize(x) : x);
  const sum = scope.stored(add(x, dropoutLayer(dropout).apply(branch, scope.child(`dropout${place}`))));
  return preNorm ? sum : normalize(sum);
}
