import { isFloating, type Tensor } from "../../core/index.js";
import type { Buffer, Initializer, Role, Scope, Value } from "../../graph/index.js";
import { convertTensor } from "../convert-tensor.js";
import type { ImportOptions } from "./imported-graph.js";
import type { StoredTensor } from "./operand.js";

/** The parameters and buffers that a model's tensors become, each declared at its first use. */
export class Declarations {
  /** The tensor of the file behind each parameter, by the parameter's name. */
  readonly sources = new Map<string, string>();
  readonly #values = new Map<StoredTensor, Value>();
  readonly #buffers = new Map<StoredTensor, Buffer>();

  constructor(
    private readonly scope: Scope,
    private readonly options: Pick<ImportOptions, "invarianceOf" | "frozen">,
  ) {}

  /** A tensor as a parameter, or as a buffer if it is frozen; of the graph as before if it is declared already. */
  parameter(tensor: StoredTensor, role: Role): Value {
    const known = this.#values.get(tensor);
    if (known) return known;
    const { scope, last } = this.#place(tensor);
    const name = scope.fullName(last);
    const { shape } = tensor.initializer;
    const value = this.options.frozen?.(name)
      ? this.buffer(tensor).value
      : scope.parameter(last, shape, initializerOf(tensor), role, this.options.invarianceOf?.(name) ?? "none");
    // Normalizations take their gains and shifts in float32.
    const used = role === "weight" || role === "bias" ? scope.stored(value) : value;
    this.#values.set(tensor, used);
    this.sources.set(name, tensor.initializer.name);
    return used;
  }

  /** A tensor as a buffer, such as a running mean. */
  buffer(tensor: StoredTensor): Buffer {
    const known = this.#buffers.get(tensor);
    if (known) return known;
    const { scope, last } = this.#place(tensor);
    const buffer = scope.buffer(last, tensor.initializer.shape, initializerOf(tensor));
    this.#buffers.set(tensor, buffer);
    return buffer;
  }

  /**
   * The scope and the name in it that together give the tensor's own name. Where a file uses one tensor as a shift and as
   * a running mean, as it may for zeros, the second gets a number.
   */
  #place({ name }: StoredTensor): { scope: Scope; last: string } {
    const dot = name.lastIndexOf(".");
    const scope = dot > 0 ? this.scope.child(name.slice(0, dot)) : this.scope;
    const wanted = dot > 0 ? name.slice(dot + 1) : name;
    let last = wanted;
    for (let copy = 2; scope.graph.inputs.has(scope.fullName(last)); copy++) last = `${wanted}_${copy}`;
    return { scope, last };
  }
}

const initializerOf =
  ({ initializer }: StoredTensor): Initializer =>
  () => {
    const tensor: Tensor = initializer.read();
    return isFloating(tensor.dtype)
      ? (convertTensor(tensor, "float32").data as Float32Array)
      : Float32Array.from(tensor.data as ArrayLike<number>, Number);
  };
