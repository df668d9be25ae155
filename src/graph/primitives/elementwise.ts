import { broadcastShapes, type DType, expectation, ShapeError } from "../../core/index.js";
import { apply, liftOperands, type Operand, requireFloating, type Value } from "../graph.js";
import { definePrimitive, noGradient, type Primitive, type ValueType, type VjpContext } from "../primitive.js";
import { cast } from "./structure.js";

type None = Record<never, never>;
type Rule = (context: VjpContext<None>) => readonly (Value | undefined)[];

function unaryPrimitive<const N extends string>(name: N, vjp: Rule): Primitive<N, None> {
  return definePrimitive<N, None>({
    name,
    infer: ([x]) => {
      requireFloating(name, x!);
      return x!;
    },
    vjp,
  });
}

function binaryPrimitive<const N extends string>(name: N, vjp: Rule, result?: DType): Primitive<N, None> {
  return definePrimitive<N, None>({
    name,
    infer: ([a, b]) => {
      requireSameDtype(name, a!, b!);
      if (!result) requireFloating(name, a!);
      return { shape: broadcastShapes(name, a!.shape, b!.shape), dtype: result ?? a!.dtype };
    },
    vjp,
  });
}

function requireSameDtype(name: string, a: ValueType, b: ValueType): void {
  if (a.dtype !== b.dtype) throw new ShapeError(expectation(name, "operands of one dtype", `${a.dtype}, ${b.dtype}`));
}

const unary =
  (primitive: Primitive<string, None>) =>
  (x: Value): Value =>
    apply(primitive, [x], {});
const binary =
  (primitive: Primitive<string, None>) =>
  (a: Operand, b: Operand): Value =>
    apply(primitive, liftOperands(a, b), {});

// ── The derivatives, one line each (g is the cotangent, y the output) ──────────────────────────────────────────────

export const addPrimitive = binaryPrimitive("add", ({ cotangent: g }) => [g, g]);
export const subPrimitive = binaryPrimitive("sub", ({ cotangent: g }) => [g, neg(g)]);
export const mulPrimitive = binaryPrimitive("mul", ({ cotangent: g, inputs: [a, b] }) => [mul(g, b!), mul(g, a!)]);
export const divPrimitive = binaryPrimitive("div", ({ cotangent: g, inputs: [, b], output: y }) => [
  div(g, b!),
  neg(mul(g, div(y, b!))),
]);
export const maximumPrimitive = binaryPrimitive("maximum", ({ cotangent: g, inputs: [a, b] }) => choose(g, a!, b!));
export const minimumPrimitive = binaryPrimitive("minimum", ({ cotangent: g, inputs: [a, b] }) => choose(g, b!, a!));
export const greaterPrimitive = binaryPrimitive("greater", noGradient, "bool");
export const equalPrimitive = binaryPrimitive("equal", noGradient, "bool");

export const negPrimitive = unaryPrimitive("neg", ({ cotangent: g }) => [neg(g)]);
export const absPrimitive = unaryPrimitive("abs", ({ cotangent: g, inputs: [x] }) => [mul(g, sign(x!))]);
export const signPrimitive = unaryPrimitive("sign", noGradient);
export const stepPrimitive = unaryPrimitive("step", noGradient);
export const expPrimitive = unaryPrimitive("exp", ({ cotangent: g, output: y }) => [mul(g, y)]);
export const logPrimitive = unaryPrimitive("log", ({ cotangent: g, inputs: [x] }) => [div(g, x!)]);
export const sqrtPrimitive = unaryPrimitive("sqrt", ({ cotangent: g, output: y }) => [div(mul(g, 0.5), y)]);
export const reciprocalPrimitive = unaryPrimitive("reciprocal", ({ cotangent: g, output: y }) => [
  neg(mul(g, mul(y, y))),
]);
export const reluPrimitive = unaryPrimitive("relu", ({ cotangent: g, output: y }) => [mul(g, step(y))]);
export const tanhPrimitive = unaryPrimitive("tanh", ({ cotangent: g, output: y }) => [mul(g, sub(1, mul(y, y)))]);
export const sigmoidPrimitive = unaryPrimitive("sigmoid", ({ cotangent: g, output: y }) => [mul(g, mul(y, sub(1, y)))]);
export const erfPrimitive = unaryPrimitive("erf", ({ cotangent: g, inputs: [x] }) => [
  mul(g, mul(exp(neg(mul(x!, x!))), 2 / Math.sqrt(Math.PI))),
]);
export const asinPrimitive = unaryPrimitive("asin", ({ cotangent: g, inputs: [x] }) => [
  div(g, sqrt(sub(1, mul(x!, x!)))),
]);

/** Parameters of {@link power}. */
export interface PowerParams {
  readonly exponent: number;
}
export const powerPrimitive = definePrimitive({
  name: "power",
  infer: ([x]: readonly ValueType[], _params: PowerParams) => {
    requireFloating("power", x!);
    return x!;
  },
  vjp: ({ cotangent: g, inputs: [x], params: { exponent } }) => [mul(g, mul(power(x!, exponent - 1), exponent))],
});

export const wherePrimitive = definePrimitive({
  name: "where",
  infer: ([condition, a, b]: readonly ValueType[], _params: None) => {
    if (condition!.dtype !== "bool") throw new ShapeError(expectation("where", "a bool condition", condition!.dtype));
    requireSameDtype("where", a!, b!);
    const branches = broadcastShapes("where", a!.shape, b!.shape);
    return { shape: broadcastShapes("where", condition!.shape, branches), dtype: a!.dtype };
  },
  vjp: ({ cotangent: g, inputs: [condition] }) => [undefined, where(condition!, g, 0), where(condition!, 0, g)],
});

/** Gradient of a selection: to the larger operand, half to each where they tie (as PyTorch does). */
function choose(g: Value, larger: Value, smaller: Value): [Value, Value] {
  const tied = mul(cast(equal(larger, smaller), g.dtype), 0.5);
  return [
    mul(g, add(cast(greater(larger, smaller), g.dtype), tied)),
    mul(g, add(cast(greater(smaller, larger), g.dtype), tied)),
  ];
}

/** a + b, broadcast. */
export const add = binary(addPrimitive);
/** a − b, broadcast. */
export const sub = binary(subPrimitive);
/** a · b elementwise, broadcast. */
export const mul = binary(mulPrimitive);
/** a / b, broadcast. */
export const div = binary(divPrimitive);
/** The larger of a and b, broadcast. */
export const maximum = binary(maximumPrimitive);
/** The smaller of a and b, broadcast. */
export const minimum = binary(minimumPrimitive);
/** a > b as `bool`, broadcast. */
export const greater = binary(greaterPrimitive);
/** a = b as `bool`, broadcast. */
export const equal = binary(equalPrimitive);
/** −x. */
export const neg = unary(negPrimitive);
/** |x|; the gradient at 0 is 0. */
export const abs = unary(absPrimitive);
/** −1, 0 or 1. */
export const sign = unary(signPrimitive);
/** 1 where x > 0, else 0. */
export const step = unary(stepPrimitive);
/** eˣ. */
export const exp = unary(expPrimitive);
/** Natural logarithm. */
export const log = unary(logPrimitive);
/** Square root. */
export const sqrt = unary(sqrtPrimitive);
/** 1 / x. */
export const reciprocal = unary(reciprocalPrimitive);
/** max(x, 0); the gradient at 0 is 0. */
export const relu = unary(reluPrimitive);
/** Hyperbolic tangent. */
export const tanh = unary(tanhPrimitive);
/** 1 / (1 + e⁻ˣ). */
export const sigmoid = unary(sigmoidPrimitive);
/** The error function. */
export const erf = unary(erfPrimitive);
/** Inverse sine, in radians. */
export const asin = unary(asinPrimitive);
/** x² (as x · x). */
export const square = (x: Value): Value => mul(x, x);
/** xᵖ for a fixed exponent p; x must not be negative unless p is an integer. */
export const power = (x: Value, exponent: number): Value => apply(powerPrimitive, [x], { exponent });
/** a where the condition holds, else b; broadcast. */
export function where(condition: Value, a: Operand, b: Operand): Value {
  return apply(wherePrimitive, [condition, ...liftOperands(a, b)], {});
}
