import { type Shape, sameShape } from "../core/index.js";
import {
  add,
  broadcastTo,
  copyConstant,
  Graph,
  mul,
  neededValues,
  neg,
  type Primitive,
  type Program,
  reciprocal,
  reshape,
  type Value,
} from "../graph/index.js";

/** A program cut in two: what can be computed once, and what is left to compute for every input. */
export interface FoldedProgram {
  /** Gives the tensors that {@link FoldedProgram.program} has as inputs, by their names there. */
  readonly constants: Program;
  readonly program: Program;
}

/**
 * Computes beforehand whatever depends on given inputs alone, and draws scales and shifts of output channels into the
 * convolution or matrix product before them: a batch-norm in evaluation, of any metric, becomes part of the weights, and
 * a weight norm the plain weight that it makes. The function stays the same, up to rounding.
 *
 * y = a · conv(x, w) + b = conv(x, a · w) + b, for a and b of one number per output channel.
 *
 * @param isConstant Whether the graph input of a name is known beforehand, as parameters and running statistics are.
 */
export function fold({ outputs }: Program, isConstant: (input: string) => boolean): FoldedProgram {
  const values = neededValues(Object.values(outputs));
  const before = new Graph();
  const after = new Graph();
  const known = new Map<Value, Value>(); // values that depend on constants alone, as values of `before`
  const renewed = new Map<Value, Value>(); // all others, as values of `after`
  const linear = new Map<Value, Linear>(); // those that are a product or convolution, scaled and shifted
  const results: Record<string, Value> = {};
  const uses = countUses(values, Object.values(outputs));

  /** A constant as an input of the program that is left. */
  const names = new Map<Value, string>();
  function handOver(constant: Value): Value {
    const name = names.get(constant) ?? `folded/${names.size}`;
    names.set(constant, name);
    results[name] = constant;
    return after.inputs.get(name) ?? after.input(name, constant.shape, constant.dtype);
  }

  function valueAfter(value: Value): Value {
    const found = renewed.get(value) ?? materialized(value);
    renewed.set(value, found);
    return found;
  }

  function materialized(value: Value): Value {
    if (value.source.kind === "constant") return copyConstant(value, after);
    const form = linear.get(value);
    if (!form) return handOver(known.get(value)!);
    const { primitive, params, x, weight, scale, offset } = form;
    const scaled = scale ? mul(weight, alongWeight(scale, form)) : weight;
    const product = after.apply(primitive, [valueAfter(x), handOver(scaled)], params);
    return offset ? add(product, handOver(reshape(offset, alongOutput(form)))) : product;
  }

  for (const value of values) {
    const { source } = value;
    if (source.kind === "constant") known.set(value, copyConstant(value, before));
    else if (source.kind === "input") {
      const graph = isConstant(source.name) ? before : after;
      (graph === before ? known : renewed).set(value, graph.input(source.name, value.shape, value.dtype));
    } else if (source.inputs.every((input) => known.has(input))) {
      known.set(
        value,
        before.apply(
          source.primitive,
          source.inputs.map((input) => known.get(input)!),
          source.params,
        ),
      );
    } else {
      const form = productOf(value, known) ?? extended(value, known, linear, uses);
      if (form) linear.set(value, form);
      else renewed.set(value, after.apply(source.primitive, source.inputs.map(valueAfter), source.params));
    }
  }
  const left = Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, valueAfter(value)]));
  return { constants: { graph: before, outputs: results }, program: { graph: after, outputs: left } };
}

/** scale · (x ∗ weight) + offset, one scale and offset per output channel. */
interface Linear {
  readonly primitive: Primitive;
  readonly params: object;
  /** The operand that is not constant, in the graph that is folded. */
  readonly x: Value;
  /** Constant; its output channels lie along `weightAxis`, those of the result along `outputAxis`. */
  readonly weight: Value;
  readonly weightAxis: number;
  readonly outputAxis: number;
  readonly outputRank: number;
  /** [channels] each; absent for 1 and 0. */
  readonly scale?: Value;
  readonly offset?: Value;
}

/** A convolution or matrix product with a constant weight. */
function productOf(value: Value, known: ReadonlyMap<Value, Value>): Linear | undefined {
  const { source } = value;
  if (source.kind !== "apply" || value.dtype !== "float32") return undefined;
  const { primitive, params, inputs } = source;
  const weight = known.get(inputs[1]!);
  if (!weight) return undefined;
  const common = { primitive, params, x: inputs[0]!, weight, outputRank: value.rank };
  if (primitive.name === "conv2d") return { ...common, weightAxis: 0, outputAxis: 1 };
  if (primitive.name !== "matmul" || weight.rank !== 2) return undefined;
  return { ...common, weightAxis: 1, outputAxis: value.rank - 1 };
}

/** A product that is scaled or shifted by constants, if this is its only use. */
function extended(
  value: Value,
  known: ReadonlyMap<Value, Value>,
  linear: ReadonlyMap<Value, Linear>,
  uses: ReadonlyMap<Value, number>,
): Linear | undefined {
  const { primitive, inputs } = value.source as { primitive: Primitive; inputs: readonly Value[] };
  const [a, b] = inputs as [Value, Value];
  const product = [a, b].find((input) => input && linear.has(input));
  const form = product && linear.get(product);
  const other = product === a ? b : a;
  const constant = other && known.get(other);
  if (!form || !constant || uses.get(product) !== 1 || !sameShape(value.shape, product.shape)) return undefined;
  const channels = value.shape[form.outputAxis]!;
  const vector = perChannel(constant, form, channels);
  if (!vector) return undefined;
  switch (primitive.name) {
    case "add":
      return plus(form, vector);
    case "sub":
      return product === a ? plus(form, neg(vector)) : plus(times(form, neg(ones(vector))), vector);
    case "mul":
      return times(form, vector);
    case "div":
      return product === a ? times(form, reciprocal(vector)) : undefined;
    default:
      return undefined;
  }
}

const times = ({ scale, offset, ...form }: Linear, factor: Value): Linear => ({
  ...form,
  scale: scale ? mul(scale, factor) : factor,
  ...(offset ? { offset: mul(offset, factor) } : {}),
});

const plus = (form: Linear, term: Value): Linear => ({ ...form, offset: form.offset ? add(form.offset, term) : term });

/** A constant operand as one number per channel, [channels]; nothing if it varies along other axes. */
function perChannel(constant: Value, { outputAxis, outputRank }: Linear, channels: number): Value | undefined {
  const axis = outputAxis - outputRank + constant.rank;
  const varies = constant.shape.some((size, a) => size !== 1 && a !== axis);
  if (varies) return undefined;
  return broadcastTo(reshape(constant, [-1]), [channels]);
}

const ones = ({ graph, shape }: Value): Value => broadcastTo(reshape(graph.constant(1), [1]), shape);

function alongWeight(scale: Value, { weight, weightAxis }: Linear): Value {
  return reshape(scale, spread(weight.shape, weightAxis));
}

const alongOutput = ({ outputRank, outputAxis, weight, weightAxis }: Linear): number[] =>
  Array.from({ length: outputRank }, (_, axis) => (axis === outputAxis ? weight.shape[weightAxis]! : 1));

const spread = (shape: Shape, axis: number): number[] => shape.map((size, a) => (a === axis ? size : 1));

function countUses(values: readonly Value[], results: readonly Value[]): Map<Value, number> {
  const counts = new Map<Value, number>();
  const use = (value: Value): void => void counts.set(value, (counts.get(value) ?? 0) + 1);
  for (const { source } of values) if (source.kind === "apply") source.inputs.forEach(use);
  results.forEach(use);
  return counts;
}
