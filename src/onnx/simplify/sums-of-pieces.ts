import { sameShape } from "../../core/index.js";
import { type AxisParams, type PadParams, primitives, swapsLast, type Value } from "../../graph/index.js";
import { inputsOf, paramsOf, type Simplification } from "./application.js";
import type { Make } from "./simplify.js";

// What differentiation leaves behind where a value is cut into pieces or a matrix is used again and again, as in the
// unrolled steps of a recurrent network: a sum of T tensors of full size, one for each step. An LSTM of 50 steps takes a
// third less time without it.

/** pad(a) + pad(b) = pad(concat(a, b)), where a and b lie side by side. */
export const sumOfPieces: Simplification = ({ primitive, inputs: [a, b], make }) => {
  if (primitive.name !== "add" || !sameShape(a!.shape, b!.shape)) return undefined;
  const [p, q] = [pieceOf(a!), pieceOf(b!)];
  if (!p || !q) return undefined;
  const apart = p.before.flatMap((start, axis) => (start === q.before[axis] ? [] : [axis]));
  if (apart.length !== 1) return undefined;
  const axis = apart[0]!;
  const [first, second] = p.before[axis]! < q.before[axis]! ? [p, q] : [q, p];
  const touching = first.before[axis]! + first.value.shape[axis]! === second.before[axis];
  const even = first.value.shape.every((size, each) => each === axis || size === second.value.shape[each]);
  if (!touching || !even) return undefined;
  const joined = join(first.value, second.value, axis, make);
  const { before, after } = { before: first.before, after: second.after };
  return [...before, ...after].every((width) => width === 0)
    ? joined
    : make(primitives.pad, [joined], { before, after, value: 0 });
};

interface Piece {
  readonly value: Value;
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** A value that is another with zeros around it. */
function pieceOf(value: Value): Piece | undefined {
  const inner = inputsOf(value, "pad")?.[0];
  const params = inner && (paramsOf(value) as PadParams);
  return params?.value === 0 ? { value: inner!, before: params.before, after: params.after } : undefined;
}

/** concat(concat(a, b), c) = concat(a, b, c). */
function join(first: Value, second: Value, axis: number, make: Make): Value {
  const parts = [first, second].flatMap((value) => {
    const inner = inputsOf(value, "concat");
    return inner && (paramsOf(value) as AxisParams).axis === axis ? inner : [value];
  });
  return make(primitives.concat, parts, { axis });
}

/** aᵀ + bᵀ = (a + b)ᵀ, the last two axes being swapped. */
export const sumOfTransposed: Simplification = ({ primitive, inputs: [a, b], make }) => {
  if (primitive.name !== "add" || !sameShape(a!.shape, b!.shape) || !swapsLast(a!) || !swapsLast(b!)) return undefined;
  const sum = make(primitives.add, [inputsOf(a!, "transpose")![0]!, inputsOf(b!, "transpose")![0]!], {});
  return make(primitives.transpose, [sum], paramsOf(a!) as { readonly permutation: readonly number[] });
};
