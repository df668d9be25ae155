import { sizeOf } from "../core/index.js";
import { erf } from "./erf.js";
import type { Held, Rules } from "./rule.js";
import { stretched } from "./strided.js";

type ElementwiseName =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "maximum"
  | "minimum"
  | "greater"
  | "equal"
  | "neg"
  | "abs"
  | "sign"
  | "step"
  | "exp"
  | "log"
  | "sqrt"
  | "reciprocal"
  | "relu"
  | "tanh"
  | "sigmoid"
  | "erf"
  | "asin"
  | "power"
  | "where"
  | "stopGradient"
  | "customGradient";

/** Float64 evaluation of the elementwise primitives. */
export const elementwiseRules: Rules<ElementwiseName> = {
  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b) => a * b),
  div: binary((a, b) => a / b),
  maximum: binary(Math.max),
  minimum: binary(Math.min),
  greater: binary((a, b) => (a > b ? 1 : 0)),
  equal: binary((a, b) => (a === b ? 1 : 0)),
  neg: unary((x) => -x),
  abs: unary(Math.abs),
  sign: unary(Math.sign),
  step: unary((x) => (x > 0 ? 1 : 0)),
  exp: unary(Math.exp),
  log: unary(Math.log),
  sqrt: unary(Math.sqrt),
  reciprocal: unary((x) => 1 / x),
  relu: unary((x) => (x > 0 || Number.isNaN(x) ? x : 0)), // a NaN must show, as it does in every framework
  tanh: unary(Math.tanh),
  sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  erf: unary(erf),
  asin: unary(Math.asin),
  power: ([x], { exponent }) => map(x!, (value) => value ** exponent),
  where: ([condition, a, b], _params, { shape }) => {
    const [c, yes, no] = [condition, a, b].map((operand) => stretched(operand!.data, operand!.shape, shape));
    const out = new Float64Array(sizeOf(shape));
    for (let i = 0; i < out.length; i++) out[i] = c![i] ? yes![i]! : no![i]!;
    return out;
  },
  stopGradient: ([x]) => x!.data,
  customGradient: ([x]) => x!.data,
};

function map({ data }: Held, f: (x: number) => number): Float64Array {
  const out = new Float64Array(data.length);
  for (let i = 0; i < out.length; i++) out[i] = f(data[i]!);
  return out;
}

function unary(f: (x: number) => number) {
  return ([x]: readonly Held[]): Float64Array => map(x!, f);
}

function binary(f: (a: number, b: number) => number): Rules<"add">["add"] {
  return ([a, b], _params, { shape }) => {
    const out = new Float64Array(sizeOf(shape));
    // A scalar on the right is by far the most frequent stretched operand; it needs no stretching.
    if (b!.data.length === 1 && a!.data.length === out.length) {
      const x = a!.data;
      const y = b!.data[0]!;
      for (let i = 0; i < out.length; i++) out[i] = f(x[i]!, y);
      return out;
    }
    const x = stretched(a!.data, a!.shape, shape);
    const y = stretched(b!.data, b!.shape, shape);
    for (let i = 0; i < out.length; i++) out[i] = f(x[i]!, y[i]!);
    return out;
  };
}
