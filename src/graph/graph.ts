import {
  type DType,
  expectation,
  isFloating,
  type Shape,
  ShapeError,
  scalar,
  type Tensor,
  tensor,
} from "../core/index.js";
import type { Primitive, ValueType } from "./primitive.js";

/** Where a value comes from. */
export type Source =
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "constant"; readonly tensor: Tensor }
  | {
      readonly kind: "apply";
      readonly primitive: Primitive;
      readonly inputs: readonly Value[];
      readonly params: object;
    };

/** One tensor-valued node of a {@link Graph}. Immutable; made by {@link Graph} and by the operation functions. */
export class Value implements ValueType {
  constructor(
    readonly graph: Graph,
    /** Position in the graph: every input of a value has a smaller id, so ids are a topological order. */
    readonly id: number,
    readonly shape: Shape,
    readonly dtype: DType,
    readonly source: Source,
  ) {}

  /** The number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  toString(): string {
    const { source } = this;
    const name = source.kind === "apply" ? source.primitive.name : source.kind;
    return `%${this.id} = ${name} ${this.dtype}[${this.shape}]`;
  }
}

/**
 * A computation under construction: a list of values in topological order. Shapes and dtypes are static and checked
 * as each value is added.
 *
 * @example
 * const graph = new Graph();
 * const x = graph.input("x", [2, 3]);
 * const y = mul(x, 2);
 */
export class Graph {
  readonly #values: Value[] = [];
  readonly #inputs = new Map<string, Value>();
  readonly #scalars = new Map<string, Value>();

  /** All values, in an order in which each comes after its inputs. */
  get values(): readonly Value[] {
    return this.#values;
  }

  /** The inputs by name. */
  get inputs(): ReadonlyMap<string, Value> {
    return this.#inputs;
  }

  /** Declares a named input. Throws a {@link ShapeError} if the name is taken or a size is not a positive integer. */
  input(name: string, shape: Shape = [], dtype: DType = "float32"): Value {
    if (this.#inputs.has(name)) throw new ShapeError(expectation("graph.input", "a name not yet used", name));
    const bad = shape.find((size) => !Number.isInteger(size) || size < 1);
    if (bad !== undefined) throw new ShapeError(expectation(`graph.input(${name})`, "positive sizes", `[${shape}]`));
    const value = this.#push(shape, dtype, { kind: "input", name });
    this.#inputs.set(name, value);
    return value;
  }

  /**
   * A constant. A plain number becomes a scalar, one value per number and dtype.
   * @throws ShapeError for a number that is not whole, where the dtype holds whole ones.
   */
  constant(value: Tensor | number, dtype: DType = "float32"): Value {
    if (typeof value !== "number") return this.#push(value.shape, value.dtype, { kind: "constant", tensor: value });
    if (!isFloating(dtype) && !Number.isInteger(value)) {
      throw new ShapeError(
        expectation("graph.constant", `a whole number for ${dtype}`, value, "cast the other operand"),
      );
    }
    const key = `${dtype}:${Object.is(value, -0) ? "-0" : value}`;
    let known = this.#scalars.get(key);
    if (known === undefined) {
      // Halves are stored as bits, so a number in them is kept in full precision and rounded where it is used.
      const held = dtype === "float16" || dtype === "bfloat16" ? "float32" : dtype;
      const plain = dtype === "float64" || held === "float32" ? exactScalar(value) : scalar(value, held);
      known = this.#push([], dtype, { kind: "constant", tensor: plain });
      this.#scalars.set(key, known);
    }
    return known;
  }

  /** Adds the application of a primitive. The operation functions (`add`, `conv2d`, …) are the usual way to call it. */
  apply<P extends object>(primitive: Primitive<string, P>, inputs: readonly Value[], params: P): Value {
    const foreign = inputs.find((input) => input.graph !== this);
    if (foreign) throw new ShapeError(expectation(primitive.name, "inputs of one graph", String(foreign)));
    const type = primitive.infer(inputs, params);
    return this.#push(type.shape, type.dtype, {
      kind: "apply",
      primitive: primitive as unknown as Primitive,
      inputs,
      params,
    });
  }

  #push(shape: Shape, dtype: DType, source: Source): Value {
    const value = new Value(this, this.#values.length, [...shape], dtype, source);
    this.#values.push(value);
    return value;
  }
}

/** Scalars keep all digits, so that the float64 reference is not limited by the dtype the graph declares. */
function exactScalar(value: number): Tensor<"float64"> {
  return tensor(Float64Array.of(value), [], "float64");
}

/** A value, or a number that becomes a scalar constant of the other operand's dtype. */
export type Operand = Value | number;

/** Applies a primitive in the graph of its first input. */
export function apply<P extends object>(
  primitive: Primitive<string, P>,
  inputs: readonly [Value, ...Value[]],
  params: P,
): Value {
  return inputs[0].graph.apply(primitive, inputs, params);
}

/** Makes both operands values of one graph. */
export function liftOperands(a: Operand, b: Operand): [Value, Value] {
  if (typeof a !== "number") return [a, typeof b === "number" ? a.graph.constant(b, a.dtype) : b];
  if (typeof b !== "number") return [b.graph.constant(a, b.dtype), b];
  throw new ShapeError(expectation("operation", "at least one operand that is a Value", `${a} and ${b}`));
}

/** Checks that a value can carry gradients. */
export function requireFloating(where: string, ...values: readonly ValueType[]): void {
  const wrong = values.find((value) => !isFloating(value.dtype));
  if (wrong) throw new ShapeError(expectation(where, "a floating-point operand", wrong.dtype, "cast it first"));
}
