import { assertArgument, tensor } from "../core/index.js";
import {
  add,
  cast,
  equal,
  exp,
  type Graph,
  greater,
  logSoftmax,
  matmul,
  mul,
  reshape,
  type Scope,
  sliceAxis,
  transpose,
  transposeLast,
  type Value,
} from "../graph/index.js";
import { declareWeight, type WeightNorm } from "../norm/index.js";
import { constant, glorotUniform } from "./initializers.js";
import { linear, times } from "./linear.js";

/** Options of {@link multiHeadAttention}. */
export interface AttentionOptions {
  /** Heads, each of width / heads elements; 4 by default. */
  readonly heads?: number;
  /** Makes the weights from stored parameters, per output feature. */
  readonly weightNorm?: WeightNorm;
}

/** What attention looks at: both [N, heads, S, width / heads]. */
export interface AttentionMemory {
  readonly keys: Value;
  readonly values: Value;
}

/** Attention whose parameters are declared. A `bias` is added to the scores: 0 to look, a large negative number not to. */
export interface MultiHeadAttention {
  /** Keys and values of a sequence [N, S, width]. */
  remember(x: Value): AttentionMemory;
  /** What each position of x [N, T, width] reads in a memory; bias broadcasts to [N, heads, T, S]. */
  attend(x: Value, memory: AttentionMemory, bias?: Value): Value;
  /** What each position of x [N, T, width] reads in x itself, or in what `extend` makes of its memory. */
  attendItself(x: Value, bias?: Value, extend?: (own: AttentionMemory) => AttentionMemory): Value;
}

/**
 * Multi-head attention (Vaswani et al. 2017, section 3.2): softmax(QKᵀ/√d) V for each head of width d, the heads joined
 * and projected. Parameters as in PyTorch's `MultiheadAttention`: `in_proj_weight` [3 · width, width] and `in_proj_bias`
 * (queries, keys, values), `out_proj.weight` and `out_proj.bias`.
 *
 * @throws InvalidArgumentError unless the heads divide the width.
 */
export function multiHeadAttention(scope: Scope, width: number, options: AttentionOptions = {}): MultiHeadAttention {
  const { heads = 4, weightNorm } = options;
  assertArgument(width % heads === 0, "multiHeadAttention", `heads that divide the width (${width})`, heads);
  const spec = { shape: [3 * width, width], initializer: glorotUniform(), invariance: "none" } as const;
  const weight = declareWeight(scope, { name: "in_proj_weight", ...spec }, weightNorm);
  const bias = scope.stored(scope.parameter("in_proj_bias", [3 * width], constant(0), "bias"));
  const output = linear(width, weightNorm ? { weightNorm } : {});

  /** Thirds `from` to `to` of the projection, each [N, heads, T, width / heads]. */
  function project(x: Value, from: number, to: number): Value[] {
    const rows = (all: Value): Value => sliceAxis(all, 0, from * width, to * width);
    const product = scope.stored(add(times(x, rows(weight)), rows(bias)));
    const [n, length] = x.shape as [number, number];
    const parts = transpose(reshape(product, [n, length, to - from, heads, width / heads]), [2, 0, 3, 1, 4]);
    return Array.from({ length: to - from }, (_, part) =>
      reshape(sliceAxis(parts, 0, part, part + 1), [n, heads, length, width / heads]),
    );
  }

  function read(queries: Value, { keys, values }: AttentionMemory, added?: Value): Value {
    const scaled = mul(queries, (width / heads) ** -0.5);
    const scores = scope.stored(matmul(scaled, transposeLast(keys)));
    const probabilities = scope.stored(exp(logSoftmax(added ? add(scores, added) : scores)));
    const joined = transpose(scope.stored(matmul(probabilities, values)), [0, 2, 1, 3]);
    const [n, length] = joined.shape as [number, number];
    return scope.stored(output.apply(reshape(joined, [n, length, width]), scope.child("out_proj")));
  }

  const memoryOf = (parts: readonly Value[]): AttentionMemory => ({ keys: parts[0]!, values: parts[1]! });
  return {
    remember: (x) => memoryOf(project(x, 1, 3)),
    attend: (x, memory, added) => read(project(x, 0, 1)[0]!, memory, added),
    attendItself(x, added, extend = (own) => own) {
      const [queries, ...own] = project(x, 0, 3);
      return read(queries!, extend(memoryOf(own)), added);
    },
  };
}

/** Added to a score that is not to count: so low that it vanishes in the softmax, and finite, so that nothing becomes NaN. */
export const hiddenScore = -1e9;

/** A bias for attention that hides padding: tokens [N, S] → [N, 1, 1, S]. */
export function paddingBias(tokens: Value, padding: number): Value {
  const hidden = equal(tokens, tokens.graph.constant(padding, tokens.dtype));
  return reshape(mul(cast(hidden, "float32"), hiddenScore), [tokens.shape[0]!, 1, 1, tokens.shape[1]!]);
}

/** A bias for attention of a sequence to itself that hides what comes later: [1, 1, length, length]. */
export function causalBias(graph: Graph, length: number): Value {
  const bias = Array.from({ length: length ** 2 }, (_, at) =>
    at % length > Math.floor(at / length) ? hiddenScore : 0,
  );
  return graph.constant(tensor(bias, [1, 1, length, length]));
}

/** {@link causalBias} for the one position (an int32 scalar) that is decoded: hides the places after it, [1, 1, 1, length]. */
export function laterBias(position: Value, length: number): Value {
  const places = position.graph.constant(
    tensor(
      Array.from({ length }, (_, place) => place),
      [1, 1, 1, length],
    ),
  );
  return mul(cast(greater(places, cast(position, "float32")), "float32"), hiddenScore);
}
