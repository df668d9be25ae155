import type { Value } from "./graph.js";
import type { Scope } from "./scope.js";

/**
 * A part of a network: a function from a value to a value that may declare parameters on the way.
 *
 * @example
 * const double: Layer = { kind: "double", apply: (x) => mul(x, 2), scale: "passes" };
 */
export interface Layer {
  /** What it is, for messages. */
  readonly kind: string;
  /** Adds the layer to the graph of `x`; its parameters and buffers are declared in the scope. */
  apply(x: Value, scope: Scope): Value;
  /**
   * What it does to the scale of its input: `passes` it on (f(cx) = c f(x) for c > 0, channel by channel), or absorbs
   * the scale of each `channel` or of the whole `tensor`. Absent: neither.
   */
  readonly scale?: "passes" | "channel" | "tensor";
  /** Whether a constant added to an input channel cancels in the output. */
  readonly absorbsShift?: boolean;
}

/** The output of a layer, remembered for diagnosis. */
export interface LayerOutput {
  readonly layer: string;
  readonly value: Value;
}

/** A statistic that a normalization took of its input. */
export interface NotedStatistic {
  /** Path of the normalization. */
  readonly layer: string;
  /** What it is, such as `scale`. */
  readonly name: string;
  readonly value: Value;
}
