import { sameShape, sizeOf } from "../../core/index.js";
import {
  type PrimitiveName,
  primitives,
  type ReduceParams,
  type ShapeParams,
  type TransposeParams,
  type Value,
} from "../../graph/index.js";
import { inputsOf, paramsOf, type Simplification } from "./application.js";
import { piecesJoined } from "./pieces-joined.js";
import { constantFactors, constantsFolded, numberOf } from "./scalar-factors.js";
import { sumOfPieces, sumOfTransposed } from "./sums-of-pieces.js";

const broadcasting: ReadonlySet<string> = new Set<PrimitiveName>([
  "add",
  "sub",
  "mul",
  "div",
  "maximum",
  "minimum",
  "greater",
  "equal",
  "where",
]);

/** x ∘ broadcastTo(y) = x ∘ y, where x or another operand has the shape of the result. */
const dropBroadcast: Simplification = ({ primitive, inputs, params, make }) => {
  if (!broadcasting.has(primitive.name)) return undefined;
  const { shape } = primitive.infer(inputs, params);
  for (const [position, input] of inputs.entries()) {
    const small = inputsOf(input, "broadcastTo")?.[0];
    const others = inputs.filter((_, at) => at !== position);
    if (small && others.some((other) => sameShape(other.shape, shape))) {
      return make(primitive, inputs.with(position, small), params);
    }
  }
  return undefined;
};

/** x + (−y) = x − y and (−x) + y = y − x. */
const addOfNegation: Simplification = ({ primitive, inputs: [a, b], make }) => {
  if (primitive.name !== "add") return undefined;
  const [right, left] = [inputsOf(b!, "neg")?.[0], inputsOf(a!, "neg")?.[0]];
  if (right) return make(primitives.sub, [a!, right], {});
  return left && make(primitives.sub, [b!, left], {});
};

/** Σ(−x) = −Σx: the sum is smaller. */
const sumOfNegation: Simplification = ({ primitive, inputs: [x], params, make }) => {
  const negated = primitive.name === "reduceSum" && inputsOf(x!, "neg")?.[0];
  return negated ? make(primitives.neg, [make(primitive, [negated], params)], {}) : undefined;
};

/** x + x = 2x and (y + x) + x = y + 2x: differentiating x·x gives the same term twice. */
const likeTerms: Simplification = ({ primitive, inputs: [a, b], make }) => {
  if (primitive.name !== "add") return undefined;
  const twice = (x: Value): Value => make(primitives.mul, [x, x.graph.constant(2, x.dtype)], {});
  if (a === b) return twice(a!);
  const terms = inputsOf(a!, "add");
  if (!terms?.includes(b!)) return undefined;
  return make(primitives.add, [terms[0] === b ? terms[1]! : terms[0]!, twice(b!)], {});
};

/** (x · s) · t = x · (s · t), where x is large and the factors s and t are small. Of constants see `constantFactors`. */
const smallFactorsFirst: Simplification = ({ primitive, inputs, params, make }) => {
  if (primitive.name !== "mul") return undefined;
  const size = sizeOf(primitive.infer(inputs, params).shape);
  for (const [product, t] of [inputs, [...inputs].reverse()] as [Value, Value][]) {
    const factors = inputsOf(product, "mul");
    if (!factors || numberOf(t) === 0 || sizeOf(t.shape) * 2 > size) continue;
    const [s, x] = [...factors].sort((a, b) => sizeOf(a.shape) - sizeOf(b.shape)) as [Value, Value];
    if (sizeOf(s.shape) * 2 > size || sizeOf(x.shape) !== size) continue;
    if (numberOf(s) !== undefined && numberOf(t) !== undefined) continue;
    const small = make(primitives.mul, [s, t], {});
    if (sizeOf(small.shape) * 2 <= size) return make(primitives.mul, [x, small], {});
  }
  return undefined;
};

/** A transposition of a transposition is one, or none. */
const transposedTwice: Simplification = ({ primitive, inputs: [x], params, make }) => {
  const inner = primitive.name === "transpose" && inputsOf(x!, "transpose")?.[0];
  if (!inner) return undefined;
  const first = (paramsOf(x!) as TransposeParams).permutation;
  const permutation = (params as TransposeParams).permutation.map((axis) => first[axis]!);
  return permutation.every((axis, k) => axis === k) ? inner : make(primitives.transpose, [inner], { permutation });
};

/** The same elements in a third shape are those of the first; in the first one, the value itself. */
const reshapedTwice: Simplification = ({ primitive, inputs: [x], params, make }) => {
  if (primitive.name !== "reshape") return undefined;
  const { shape } = params as ShapeParams;
  if (sameShape(x!.shape, shape)) return x;
  const inner = inputsOf(x!, "reshape")?.[0];
  return inner && make(primitives.reshape, [inner], { shape });
};

/** A sum or a maximum over axes of one element is that element. */
const reducedAlready: Simplification = ({ primitive, inputs: [x], params }) => {
  if (primitive.name !== "reduceSum" && primitive.name !== "reduceMax") return undefined;
  return (params as ReduceParams).axes.every((axis) => x!.shape[axis] === 1) ? x : undefined;
};

/** All identities, in the order in which they are tried. */
export const rules: readonly Simplification[] = [
  constantsFolded,
  constantFactors,
  reshapedTwice,
  reducedAlready,
  dropBroadcast,
  addOfNegation,
  sumOfNegation,
  likeTerms,
  smallFactorsFirst,
  transposedTwice,
  sumOfPieces,
  sumOfTransposed,
  piecesJoined,
];
