import { type DType, expectation, NormwiseError, type Shape } from "../core/index.js";
import type { Value } from "./graph.js";

/** What a graph knows of a value before it is computed. */
export interface ValueType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** What a vector-Jacobian product is given. */
export interface VjpContext<P extends object = object> {
  readonly inputs: readonly Value[];
  readonly output: Value;
  readonly params: P;
  /** Gradient of the differentiated scalar with respect to `output`; of its shape. */
  readonly cotangent: Value;
}

/**
 * One operation of the graph: its shape rule and its vector-Jacobian product.
 *
 * `vjp` gives, for each input, the gradient with respect to it, in the shape of the *broadcast* operand: the engine sums
 * it back to the input's own shape, so no rule mentions broadcasting. `undefined` stands for no gradient.
 */
export interface Primitive<Name extends string = string, P extends object = object> {
  readonly name: Name;
  /** Shape and dtype of the output; throws a ShapeError for operands that do not fit. */
  readonly infer: (inputs: readonly ValueType[], params: P) => ValueType;
  /** The gradient with respect to each input, built in the same graph. */
  readonly vjp: (context: VjpContext<P>) => readonly (Value | undefined)[];
}

/** Types a primitive by its own definition: the name as a literal, the parameters from the shape rule. */
export function definePrimitive<const Name extends string, P extends object = object>(
  primitive: Primitive<Name, P>,
): Primitive<Name, P> {
  return primitive;
}

/** The vjp of primitives whose output does not depend smoothly on their inputs: comparisons, indices, steps. */
export const noGradient = ({ inputs }: { readonly inputs: readonly unknown[] }): undefined[] =>
  inputs.map(() => undefined);

/** The vjp of primitives that are only used inside gradients. Differentiating twice through them is an error. */
export function secondDerivativeMissing(name: string): () => never {
  return () => {
    throw new NormwiseError(
      expectation("gradient", "primitives with a second derivative", name, "do not differentiate through it twice"),
    );
  };
}
