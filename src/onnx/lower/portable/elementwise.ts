import { type DType, sizeOf } from "../../../core/index.js";
import type { PowerParams } from "../../../graph/index.js";
import type { Rule } from "../lowering.js";
import { operator } from "./operator.js";

/**
 * Numbers that lift every normal number of a dtype above 1, so that a clip makes it ±1. `Sign` and `Where` cost 4.5 and
 * 3 ms for an 8.4 MB tensor, multiplication and clip together about 1.
 */
const huge: Partial<Record<DType, number>> = { float64: 1e308, float32: 3e38, float16: 65504, bfloat16: 3e38 };

/** The elements times a huge number, cut off at `low` and 1. */
const saturate =
  (low: number): Rule =>
  ({ emit, inputs, output: { dtype } }) => {
    const large = emit.op("Mul", [inputs[0]!, emit.scalar(huge[dtype]!, dtype)]);
    return emit.op("Clip", [large, emit.scalar(low, dtype), emit.scalar(1, dtype)]);
  };

const power: Rule<PowerParams> = ({ emit, inputs, params: { exponent }, output: { dtype } }) =>
  emit.op("Pow", [inputs[0]!, emit.scalar(exponent, dtype)]);

/** From so many elements on it pays to look at an operator's shapes. */
const large = 4096;

/**
 * A binary operator. ONNX Runtime goes through the trailing axes of size 1 one element at a time where the other operand is a
 * scalar: 8.4 MB of [2048, 1024, 1, 1] times a number take 12 ms, as a vector 0.5.
 */
const binary =
  (name: string): Rule =>
  ({ emit, inputs, types, output: { shape } }) => {
    const scalar = types.findIndex((type) => sizeOf(type.shape) === 1);
    const [first, ...rest] = shape;
    if (scalar < 0 || shape.at(-1) !== 1 || sizeOf(shape) < large) return emit.op(name, inputs);
    const flat = inputs.map((input) => emit.op("Reshape", [input, emit.ints([-1])]));
    // The first size may be left free.
    return emit.op("Reshape", [emit.op(name, flat), emit.ints(first === undefined ? [] : [-1, ...rest])]);
  };

export const elementwise = {
  add: binary("Add"),
  sub: binary("Sub"),
  mul: binary("Mul"),
  div: binary("Div"),
  maximum: binary("Max"),
  minimum: binary("Min"),
  greater: operator("Greater"),
  equal: operator("Equal"),
  neg: operator("Neg"),
  abs: operator("Abs"),
  sign: saturate(-1),
  step: saturate(0),
  exp: operator("Exp"),
  log: operator("Log"),
  sqrt: operator("Sqrt"),
  reciprocal: operator("Reciprocal"),
  relu: operator("Relu"),
  tanh: operator("Tanh"),
  sigmoid: operator("Sigmoid"),
  erf: operator("Erf"),
  asin: operator("Asin"),
  power,
  where: operator("Where"),
};
