import { DataError, expectation, isFloating } from "../../../core/index.js";
import type { Value } from "../../../graph/index.js";
import * as g from "../../../graph/index.js";
import type { Call, Rule } from "../call.js";
import { computedDtype } from "../host/host-tensor.js";
import { isStored, isValue } from "../operand.js";
import { importedDtype, typeName } from "../read-tensor.js";

export const unary =
  (operation: (x: Value) => Value): Rule =>
  (call) =>
    operation(call.value(0));

type Binary = (a: Value, b: Value) => Value;

/** Arithmetic of integers goes through float64, which holds all that occur in models. */
export function arithmetic(operation: Binary, a: Value, b: Value): Value {
  if (isFloating(a.dtype)) return operation(a, b);
  return g.cast(operation(g.cast(a, "float64"), g.cast(b, "float64")), a.dtype);
}

const binary =
  (operation: Binary, role: (call: Call) => g.Role): Rule =>
  (call) => {
    const named = role(call);
    return arithmetic(operation, call.value(0, named), call.value(1, named));
  };

const whole = (x: Value): Value => g.cast(g.cast(x, "int64"), x.dtype);
/** Quotients of integers are cut off towards 0. */
const quotient: Rule = (call) => {
  const [a, b] = [call.value(0, "gain"), call.value(1, "gain")];
  return arithmetic((x, y) => (isFloating(a.dtype) ? g.div(x, y) : whole(g.div(x, y))), a, b);
};

/** Folds any number of inputs, as `Max` takes them. */
const folded =
  (operation: Binary, finish = (sum: Value, _count: number): Value => sum): Rule =>
  (call) => {
    const values = call.values();
    return finish(
      values.reduce((all: Value, value) => arithmetic(operation, all, value)),
      values.length,
    );
  };

/** A vector, perhaps with axes of size 1 about it, is a gain or a bias; a table that is added is a weight. */
function roleOf(call: Call, ofVector: g.Role): g.Role {
  const stored = call.operands.find((operand) => operand && isStored(operand));
  const sizes = stored && isStored(stored) ? stored.initializer.shape.filter((size) => size !== 1) : [];
  return sizes.length <= 1 ? ofVector : "weight";
}

/** What is added to a product with a gain is a shift, as in a normalization written out; elsewhere it is a bias. */
function addedRole(call: Call): g.Role {
  const other = call.operands.filter((operand) => operand !== undefined).find(isValue);
  return roleOf(call, other && isGained(other) ? "shift" : "bias");
}

function isGained({ source }: Value): boolean {
  if (source.kind !== "apply" || source.primitive.name !== "mul") return false;
  return source.inputs.some((x) => x.source.kind === "input" && x.shape.filter((size) => size !== 1).length <= 1);
}

/** Squares and roots have primitives of their own; a table of exponents goes by logarithms. */
const power: Rule = (call) => {
  const x = call.value(0);
  const [exponent, ...others] = call.host(1).data;
  if (others.length > 0 || exponent === undefined) return g.exp(g.mul(g.log(x), call.value(1)));
  if (exponent === 2) return g.square(x);
  return exponent === 1 ? x : exponent === 0.5 ? g.sqrt(x) : g.power(x, exponent);
};

const cast: Rule = (call) => {
  const type = call.at.int("to");
  const dtype = importedDtype(type);
  if (dtype === undefined) throw new DataError(expectation(call.where, "a type of numbers to cast to", typeName(type)));
  return g.cast(call.value(0), computedDtype(dtype));
};

const castLike: Rule = (call) => g.cast(call.value(0), computedDtype(call.dtype(1)));

/** Integers as their differences from 0: `neg` takes none. */
const negative: Rule = (call) => {
  const x = call.value(0);
  return isFloating(x.dtype) ? g.neg(x) : arithmetic(g.sub, x.graph.constant(0, x.dtype), x);
};

// Truth values: ONNX Runtime compares and multiplies them as numbers.
const number = (x: Value): Value => g.cast(x, "float32");
const not = (x: Value): Value => g.equal(number(x), 0);
const and = (a: Value, b: Value): Value => g.greater(g.mul(number(a), number(b)), 0);
const or = (a: Value, b: Value): Value => g.greater(g.add(number(a), number(b)), 0);
const xor = (a: Value, b: Value): Value => not(g.equal(number(a), number(b)));
const compared =
  (compare: Binary): Rule =>
  (call) =>
    compare(call.value(0), call.value(1));

const select: Rule = (call) => g.where(call.value(0), call.value(1), call.value(2));

/** Limits are attributes up to opset 6 and inputs after it. */
const clip: Rule = (call) => {
  let x = call.value(0);
  if (call.has(1)) x = g.maximum(x, call.number(1));
  if (call.has(2)) x = g.minimum(x, call.number(2));
  return x;
};

/** Arithmetic, comparisons and choices, element by element. */
export const elementwise: Readonly<Record<string, Rule>> = {
  Add: binary(g.add, addedRole),
  Sub: binary(g.sub, addedRole),
  Mul: binary(g.mul, (call) => roleOf(call, "gain")),
  Div: quotient,
  Max: folded(g.maximum),
  Min: folded(g.minimum),
  Sum: folded(g.add),
  Mean: folded(g.add, (sum, count) => g.mul(sum, 1 / count)),
  Pow: power,
  Neg: negative,
  Abs: unary(g.abs),
  Sign: unary(g.sign),
  Exp: unary(g.exp),
  Log: unary(g.log),
  Sqrt: unary(g.sqrt),
  Reciprocal: unary(g.reciprocal),
  Erf: unary(g.erf),
  Asin: unary(g.asin),
  Clip: clip,
  Cast: cast,
  CastLike: castLike,
  Equal: compared(g.equal),
  Greater: compared(g.greater),
  Less: compared((a, b) => g.greater(b, a)),
  GreaterOrEqual: compared((a, b) => not(g.greater(b, a))),
  LessOrEqual: compared((a, b) => not(g.greater(a, b))),
  Not: unary(not),
  And: compared(and),
  Or: compared(or),
  Xor: compared(xor),
  Where: select,
};
