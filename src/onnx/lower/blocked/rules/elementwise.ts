import { sizeOf } from "../../../../core/index.js";
import type { PrimitiveName, Value } from "../../../../graph/index.js";
import { dataTypeOf } from "../../../tensor-proto.js";
import type { TensorName } from "../../emitter.js";
import { roundUp } from "../context.js";
import { emitDepthwise } from "../convolution.js";
import { passes } from "../layout/costs.js";
import type { EmitContext, Implementation, Layout } from "../layout/implementation.js";
import { byPortableRule } from "./by-portable-rule.js";

type Emit = (context: EmitContext) => TensorName;

/** Makes 1 of every positive number that matters, once it is cut off there. */
const huge = 1e30;

/** Primitives that work element by element and make zero of zeros: surplus channels stay zero. */
const keepZero: ReadonlySet<string> = new Set<PrimitiveName>([
  "add",
  "sub",
  "mul",
  "maximum",
  "minimum",
  "neg",
  "abs",
  "sign",
  "step",
  "sqrt",
  "relu",
  "tanh",
  "erf",
  "asin",
]);

/** Other primitives that work element by element. */
const others: ReadonlySet<string> = new Set<PrimitiveName>(["div", "exp", "log", "reciprocal", "sigmoid", "power"]);

/** Implementations, in every layout alike, of primitives that work element by element. */
export function elementwiseImplementations(
  value: Value,
  inputs: readonly Value[],
  name: string,
  block: number,
): Implementation[] {
  if (!(keepZero.has(name) || others.has(name))) return [];
  const spread = name === "mul" ? spreadPosition(value, inputs) : undefined;
  const images = inputs.map((input) => String(input.shape) === String(value.shape));
  if (spread !== undefined) return productWithMaps(value, inputs, spread);
  // Scalars other than zero may reach the surplus channels.
  const scalars = inputs.some((input, at) => !images[at] && sizeOf(input.shape) === 1);
  if (inputs.some((input, at) => !images[at] && sizeOf(input.shape) !== 1)) return [];
  const clean = value.shape[1]! % block === 0 || (keepZero.has(name) && (!scalars || name === "mul"));
  const layouts: Layout[] = ["batchLast", ...(clean ? ["blocked" as const] : [])];
  return layouts.map((layout) => ({
    layout,
    operands: images.map((is) => (is ? layout : "plain")),
    cost: passes(inputs.length + 1, value.shape),
    emit: (context) => byPortableRule(name as PrimitiveName, context),
  }));
}

/** Where the factor [N, C, 1, 1] of a product stands, if there is one. */
function spreadPosition({ shape }: Value, inputs: readonly Value[]): number | undefined {
  const [n, c, height, width] = shape;
  if (height! * width! === 1) return undefined;
  const at = inputs.findIndex((input) => String(input.shape) === String([n, c, 1, 1]));
  return at < 0 ? undefined : at;
}

/** Each map times a number of its own. */
function productWithMaps(value: Value, inputs: readonly Value[], at: number): Implementation[] {
  const [n, c, height, width] = value.shape as [number, number, number, number];
  if (String(inputs[1 - at]!.shape) !== String(value.shape)) return [];
  const implementation = (layout: Layout, emit: Emit): Implementation => ({
    layout,
    operands: inputs.map((_, position) => (position === at ? "plain" : layout)),
    cost: passes(3, value.shape),
    emit,
  });
  const blocked: Emit = (context) => {
    const { emit, inputs: names, block } = context;
    const channels = roundUp(context, c);
    const surplus = channels - c;
    const factor = names[at]!;
    const padded = surplus === 0 ? factor : emit.op("Pad", [factor, emit.ints([0, 0, 0, 0, 0, surplus, 0, 0])]);
    const rows = (n * channels) / block;
    const product = emit.op("Mul", [
      emit.op("Reshape", [names[1 - at]!, emit.ints([rows, height * width, block])]),
      emit.op("Reshape", [padded, emit.ints([rows, 1, block])]),
    ]);
    return emit.op("Reshape", [product, emit.ints([n, channels, height, width])]);
  };
  const batchLast: Emit = ({ emit, inputs: names }) => {
    const matrix = emit.op("Reshape", [names[at]!, emit.ints([n, c])]);
    const factor = emit.op("Reshape", [emit.op("Transpose", [matrix], { perm: [1, 0] }), emit.ints([c, 1, 1, n])]);
    return emit.op("Mul", [names[1 - at]!, factor]);
  };
  return [implementation("blocked", blocked), implementation("batchLast", batchLast)];
}

/** The mask of a gradient, made in one pass, times the gradient. */
export function gateImplementations(value: Value): Implementation[] {
  const everywhere = (layout: Layout, cost: number, emit: Emit): Implementation => ({
    layout,
    operands: [layout, layout],
    cost: passes(cost, value.shape),
    emit,
  });
  const standard: Emit = ({ emit, inputs: [g, y] }) => {
    const large = emit.op("Mul", [y!, emit.scalar(huge, "float32")]);
    return emit.op("Mul", [g!, emit.op("Clip", [large, emit.scalar(0, "float32"), emit.scalar(1, "float32")])]);
  };
  const blocked: Emit = (context) => {
    const {
      emit,
      inputs: [g, y],
      output,
    } = context;
    const group = roundUp(context, output.shape[1]!);
    const filter = emit.fill(huge, [group, 1, 1, 1], "float32");
    const mask = emitDepthwise(context, { x: y!, filter, group, activation: { clip: [0, 1] } });
    return emit.op("Mul", [g!, mask]);
  };
  return [everywhere("plain", 7, standard), everywhere("batchLast", 7, standard), everywhere("blocked", 5, blocked)];
}

/** Rounding to a narrower format and back. */
export function roundedImplementations(value: Value, params: object): Implementation[] {
  const { through } = params as { readonly through: keyof typeof dataTypeOf };
  return (["plain", "batchLast", "blocked"] as const).map((layout) => ({
    layout,
    operands: [layout],
    cost: passes(3, value.shape),
    emit: ({ emit, inputs }) =>
      emit.op("Cast", [emit.op("Cast", inputs, { to: dataTypeOf[through] })], { to: dataTypeOf.float32 }),
  }));
}
