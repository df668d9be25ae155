import { broadcastShapes, DataError, type DType, expectation, isFloating, type Shape } from "../../../core/index.js";
import type { Call, Rule } from "../call.js";
import { importedDtype } from "../read-tensor.js";
import { computedDtype, type HostTensor, rounded } from "./host-tensor.js";
import { stretchedStrides, viewed } from "./view.js";

const mapped =
  (f: (x: number) => number, dtype?: DType): Rule =>
  (call) => {
    const x = call.host(0);
    const data = call.allocate(x.shape);
    for (let i = 0; i < data.length; i++) data[i] = f(x.data[i]!);
    return rounded(dtype ?? x.dtype, x.shape, data);
  };

/** Operands stretched to their common shape, and a function of one element of each. */
export function zipped(
  call: Call,
  operands: readonly HostTensor[],
  dtype: DType,
  f: (...elements: number[]) => number,
): HostTensor {
  const shape: Shape = operands.reduce<Shape>((all, { shape: own }) => broadcastShapes(call.where, all, own), []);
  const columns = operands.map(({ data, shape: own }) => viewed(call, data, shape, stretchedStrides(own, shape)));
  const data = call.allocate(shape);
  const row = new Array<number>(columns.length);
  for (let i = 0; i < data.length; i++) {
    for (let k = 0; k < columns.length; k++) row[k] = columns[k]![i]!;
    data[i] = f(...row);
  }
  return rounded(dtype, shape, data);
}

const binary =
  (f: (a: number, b: number) => number, dtype?: DType): Rule =>
  (call) => {
    const [a, b] = [call.host(0), call.host(1)];
    return zipped(call, [a, b], dtype ?? a.dtype, f);
  };

const folded =
  (f: (a: number, b: number) => number): Rule =>
  (call) =>
    call.hosts().reduce((all: HostTensor, next) => zipped(call, [all, next], all.dtype, f));

/** Integers divide towards 0, which `rounded` does; nothing divides by the integer 0. */
const quotient: Rule = (call) => {
  const [a, b] = [call.host(0), call.host(1)];
  if (!isFloating(a.dtype) && b.data.includes(0))
    throw new DataError(expectation(call.where, "divisors other than 0", 0));
  return zipped(call, [a, b], a.dtype, (x, y) => x / y);
};

/** The sign of the divisor, or with `fmod` that of the dividend. */
const remainder: Rule = (call) => {
  const [a, b] = [call.host(0), call.host(1)];
  if (!isFloating(a.dtype) && b.data.includes(0))
    throw new DataError(expectation(call.where, "divisors other than 0", 0));
  const asDividend = call.at.flag("fmod", false);
  return zipped(call, [a, b], a.dtype, (x, y) => (asDividend ? x % y : x - y * Math.floor(x / y)));
};

const cast: Rule = (call) => {
  const dtype = importedDtype(call.at.int("to"));
  const x = call.host(0);
  if (dtype === undefined)
    throw new DataError(expectation(call.where, "a type of numbers to cast to", call.at.int("to")));
  return rounded(computedDtype(dtype), x.shape, Float64Array.from(x.data));
};

const clip: Rule = (call) => {
  const low = call.has(1) ? call.number(1) : Number.NEGATIVE_INFINITY;
  const high = call.has(2) ? call.number(2) : Number.POSITIVE_INFINITY;
  return mapped((x) => Math.min(Math.max(x, low), high))(call);
};

const select: Rule = (call) =>
  zipped(call, [call.host(0), call.host(1), call.host(2)], call.host(1).dtype, (condition, a, b) =>
    condition ? a! : b!,
  );

/** Half to even. */
const round = (x: number): number => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

/** Arithmetic of known numbers. */
export const hostElementwise: Readonly<Record<string, Rule>> = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: quotient,
  Mod: remainder,
  Pow: binary((a, b) => a ** b),
  Max: folded(Math.max),
  Min: folded(Math.min),
  Sum: folded((a, b) => a + b),
  Neg: mapped((x) => -x),
  Abs: mapped(Math.abs),
  Sign: mapped(Math.sign),
  Floor: mapped(Math.floor),
  Ceil: mapped(Math.ceil),
  Round: mapped(round),
  Exp: mapped(Math.exp),
  Log: mapped(Math.log),
  Sqrt: mapped(Math.sqrt),
  Reciprocal: mapped((x) => 1 / x),
  Sin: mapped(Math.sin),
  Cos: mapped(Math.cos),
  Tanh: mapped(Math.tanh),
  Clip: clip,
  Cast: cast,
  CastLike: (call) => rounded(call.dtype(1), call.shape(0), Float64Array.from(call.host(0).data)),
  Equal: binary((a, b) => Number(a === b), "bool"),
  Greater: binary((a, b) => Number(a > b), "bool"),
  Less: binary((a, b) => Number(a < b), "bool"),
  GreaterOrEqual: binary((a, b) => Number(a >= b), "bool"),
  LessOrEqual: binary((a, b) => Number(a <= b), "bool"),
  And: binary((a, b) => a * b, "bool"),
  Or: binary((a, b) => a + b, "bool"),
  Xor: binary((a, b) => Number(a !== b), "bool"),
  Not: mapped((x) => Number(x === 0)),
  IsNaN: mapped((x) => Number(Number.isNaN(x)), "bool"),
  IsInf: mapped((x) => Number(Math.abs(x) === Number.POSITIVE_INFINITY), "bool"),
  Where: select,
};
