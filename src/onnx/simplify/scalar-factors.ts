import { primitives, type Value } from "../../graph/index.js";
import { inputsOf, type Simplification } from "./application.js";
import type { Make } from "./simplify.js";

// Factors 1/n, ½ and −1 that differentiation leaves behind one by one: of each normalization, on vectors so short that
// calling an operator is all that it costs.

const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  neg: (a) => -a,
};

/** The number of a scalar constant of float32 or float64, with all the digits that it was made with. */
export function numberOf({ source, dtype, shape }: Value): number | undefined {
  const wide = dtype === "float32" || dtype === "float64";
  return source.kind === "constant" && wide && shape.length === 0 ? Number(source.tensor.data[0]) : undefined;
}

/** Arithmetic on constants is done here. */
export const constantsFolded: Simplification = ({ primitive, inputs }) => {
  const operation = arithmetic[primitive.name];
  const numbers = inputs.map(numberOf);
  const [a, b] = numbers;
  if (!operation || a === undefined || numbers.includes(undefined)) return undefined;
  return inputs[0]!.graph.constant(operation(a, b ?? 0), inputs[0]!.dtype);
};

/**
 * Whether a number is a factor like others. One that float32 rounds to 0 or infinity is not; nor is 0, whose product says
 * which elements are finite: (x · b) · 0 is NaN where x · b overflows, and x · (b · 0) is not.
 */
const isPlainFactor = (factor: number): boolean => Math.abs(factor) >= 2 ** -126 && Math.abs(factor) < 2 ** 128;

/** (−x) · c = x · (−c), (x · b) · c = x · (b · c) and ((x · b) / s) · c = (x · (b · c)) / s for constants b and c. */
export const constantFactors: Simplification = ({ primitive, inputs, make }) => {
  if (primitive.name !== "mul") return undefined;
  const c = inputs.find((input) => numberOf(input) !== undefined);
  const x = inputs.find((input) => input !== c);
  if (!c || !x) return undefined;
  const negated = inputsOf(x, "neg")?.[0];
  if (negated) return make(primitives.mul, [negated, make(primitives.neg, [c], {})], {});
  const product = scaled(x, c, make);
  if (product) return product;
  const [dividend, divisor] = inputsOf(x, "div") ?? [];
  const quotient = dividend && scaled(dividend, c, make);
  return quotient && make(primitives.div, [quotient, divisor!], {});
};

/** A product with a constant, times another. */
function scaled(product: Value, c: Value, make: Make): Value | undefined {
  const factors = inputsOf(product, "mul");
  const b = factors?.find((factor) => numberOf(factor) !== undefined);
  const x = factors?.find((factor) => factor !== b);
  if (!b || !x || !isPlainFactor(numberOf(b)! * numberOf(c)!)) return undefined;
  return make(primitives.mul, [x, make(primitives.mul, [b, c], {})], {});
}
