import { expectation, InvalidArgumentError, type RandomStream, type Shape } from "../core/index.js";
import type { Graph, Value } from "./graph.js";
import type { LayerOutput, NotedStatistic } from "./layer.js";
import { fullPrecision, type Precision, storedIn } from "./precision.js";

/** What a parameter is, for rules that treat kinds of parameters differently. */
export type Role = "weight" | "bias" | "gain" | "shift";

/**
 * The finest group of a weight whose scale does not change the network's function:
 * each output channel (axis 0) on its own, the tensor as a whole, or none.
 */
export type ScaleInvariance = "channel" | "tensor" | "none";

/** What the layers after a layer do to the scale and the shift of its output channels. */
export interface Absorption {
  readonly scale: ScaleInvariance;
  /** Whether a constant added to an output channel cancels too. */
  readonly shift: boolean;
}

/**
 * Makes initial values for a tensor of the given shape. `initialOf` gives the initial values of a parameter of the same
 * network, by its full name, for a tensor that starts as a function of another. The array is a new one each time: a training
 * takes it over.
 */
export type Initializer = (
  shape: Shape,
  random: RandomStream,
  initialOf: (parameter: string) => Float32Array,
) => Float32Array;

/** A trained tensor of a network. */
export interface Parameter {
  /** Path of the layer and name in it, such as `features.0.weight`. */
  readonly name: string;
  /** The layer's path, such as `features.0`. */
  readonly layer: string;
  readonly role: Role;
  readonly scaleInvariance: ScaleInvariance;
  readonly initializer: Initializer;
  readonly value: Value;
  /** What the tensor is replaced by after each update, such as itself at a fixed norm; unset: it stays as updated. */
  readonly project?: (updated: Value) => Value;
}

/** A tensor that a network keeps but does not train, such as a running mean. */
export interface Buffer {
  readonly name: string;
  /** What every element starts as, or what makes the initial values. */
  readonly initial: number | Initializer;
  readonly value: Value;
  /** What it is proportional to, with the weight's norm (per channel) taken to this power. */
  readonly follows?: Proportion & { readonly power: 1 | 2 };
  /** Its value after a training step; unset where it does not change. */
  next?: Value;
}

/** Says that, but for an offset, the channels of a value are proportional to those of a scale-invariant weight. */
export interface Proportion {
  /** The weight's full name. */
  readonly weight: string;
  /** Full name of the parameter that was added to each channel. */
  readonly offset?: string;
}

/** What all scopes of one network share. */
interface Registry {
  readonly parameters: Map<string, Parameter>;
  readonly buffers: Map<string, Buffer>;
  readonly outputs: LayerOutput[];
  readonly statistics: NotedStatistic[];
  readonly derived: Map<string, Value>;
  /** Values whose channels are proportional to those of a scale-invariant weight. */
  readonly proportions: Map<Value, Proportion>;
}

/** What makes normalizations follow a norm that changes by a known factor, so that the function stays the same. */
export interface NormFollowing {
  /** Multiplies ε where it is added to a square; its root multiplies ε elsewhere. */
  readonly epsilonScale: Value;
  /** In training: multiplies running statistics that are proportional to the norm, its square those to the square. */
  readonly statisticsScale?: Value;
}

/** Options of {@link Scope}. */
export interface ScopeOptions {
  /** Whether the network is built for training: batch statistics rather than running ones, dropout on. */
  readonly training: boolean;
  /** For the normalizations behind scale-invariant weights; absent: their ε is fixed. */
  readonly following?: NormFollowing;
  /** Number formats that are emulated; float32 throughout by default. */
  readonly precision?: Precision;
}

const nothingAbsorbed: Absorption = { scale: "none", shift: false };

/** The place in a network where a layer declares its parameters and buffers. Names of nested scopes join with dots. */
export class Scope {
  readonly #registry: Registry;

  constructor(
    readonly graph: Graph,
    readonly options: ScopeOptions,
    /** Path of this scope; empty for the whole network. */
    readonly path: string = "",
    /** What follows this layer does to the scale of its output. */
    readonly absorption: Absorption = nothingAbsorbed,
    registry?: Registry,
    /** Whether what is declared here may have been declared before, and is then given again. */
    private readonly repeats: boolean = false,
  ) {
    this.#registry = registry ?? {
      parameters: new Map(),
      buffers: new Map(),
      outputs: [],
      statistics: [],
      derived: new Map(),
      proportions: new Map(),
    };
  }

  /** Whether the network is built for training. */
  get training(): boolean {
    return this.options.training;
  }

  /** The number formats that the network is built for. */
  get precision(): Precision {
    return this.options.precision ?? fullPrecision;
  }

  /**
   * A value as it is kept in memory between two layers: rounded to the storage format, and its gradient likewise. Every
   * layer hands its weights and its output through this; with float32 it is the value itself.
   */
  stored(value: Value): Value {
    return storedIn(value, this.precision.storage);
  }

  /** All parameters declared so far, in this and every other scope of the network. */
  get parameters(): readonly Parameter[] {
    return [...this.#registry.parameters.values()];
  }

  /** All buffers declared so far. */
  get buffers(): readonly Buffer[] {
    return [...this.#registry.buffers.values()];
  }

  /** Outputs of layers, in execution order. */
  get outputs(): readonly LayerOutput[] {
    return this.#registry.outputs;
  }

  /** Weights that are made of parameters, by the names that parameters in their place would have. */
  get derived(): ReadonlyMap<string, Value> {
    return this.#registry.derived;
  }

  /** Statistics of normalizations, in execution order. */
  get statistics(): readonly NotedStatistic[] {
    return this.#registry.statistics;
  }

  /** A nested scope. What follows the nested layer is unknown unless `absorption` says it. */
  child(name: string, absorption: Absorption = nothingAbsorbed): Scope {
    return new Scope(this.graph, this.options, this.#join(name), absorption, this.#registry, this.repeats);
  }

  /**
   * The same place, where nothing is known of what follows: for layers inside a layer that adds to their output or
   * bends it, as a residual block does.
   */
  enclosed(): Scope {
    return new Scope(this.graph, this.options, this.path, nothingAbsorbed, this.#registry, this.repeats);
  }

  /**
   * The same place for a layer that is applied again with the same parameters, as at every time step of a recurrent
   * network: a name that is declared already gives the tensor it gave before.
   */
  repeated(): Scope {
    return new Scope(this.graph, this.options, this.path, this.absorption, this.#registry, true);
  }

  /**
   * Declares a trained tensor.
   * @param invariance Whether its scale matters: the scope's {@link Scope.absorption} says, for a weight to whose scale
   *   the layer's output is proportional; `none` by default.
   * @param project Applied to the tensor after each update; see {@link Parameter.project}.
   * @throws InvalidArgumentError if the name is taken.
   */
  parameter(
    name: string,
    shape: Shape,
    initializer: Initializer,
    role: Role = "weight",
    invariance: ScaleInvariance = "none",
    project?: Parameter["project"],
  ): Value {
    const known = this.repeats ? this.#registry.parameters.get(this.#join(name)) : undefined;
    if (known) return known.value;
    const full = this.#claim(name);
    const value = this.graph.input(full, shape);
    this.#registry.parameters.set(full, {
      name: full,
      layer: this.path,
      role,
      scaleInvariance: invariance,
      initializer,
      value,
      ...(project ? { project } : {}),
    });
    return value;
  }

  /** Declares a tensor that is kept but not trained; `initial` is what all its elements start as, or makes them. */
  buffer(name: string, shape: Shape, initial: Buffer["initial"] = 0, follows?: Buffer["follows"]): Buffer {
    const known = this.repeats ? this.#registry.buffers.get(this.#join(name)) : undefined;
    if (known) return known;
    const full = this.#claim(name);
    const buffer: Buffer = {
      name: full,
      initial,
      value: this.graph.input(full, shape),
      ...(follows ? { follows } : {}),
    };
    this.#registry.buffers.set(full, buffer);
    return buffer;
  }

  /**
   * Notes what a value's channels are proportional to, for the normalization that comes next; `undefined` notes nothing.
   */
  noteProportion(value: Value, proportion: Proportion | undefined): Value {
    if (proportion !== undefined) this.#registry.proportions.set(value, proportion);
    return value;
  }

  /** The scale-invariant weight that a value is proportional to, if any. */
  proportionOf(value: Value): Proportion | undefined {
    return this.#registry.proportions.get(value);
  }

  /** Notes that a weight is made of parameters, and returns it. */
  noteDerived(name: string, weight: Value): Value {
    this.#registry.derived.set(this.#join(name), weight);
    return weight;
  }

  /** The full name of a parameter or buffer of this scope. */
  fullName(name: string): string {
    return this.#join(name);
  }

  /** Remembers a layer's output for diagnosis, and returns it. */
  record(value: Value): Value {
    this.#registry.outputs.push({ layer: this.path, value });
    return value;
  }

  /**
   * Notes a statistic that this layer took of its input, and returns it. A step in half precision reports the layers whose
   * statistics were not finite: a σ of infinity makes an output of β alone, and no loss tells.
   */
  noteStatistic(name: string, value: Value): Value {
    this.#registry.statistics.push({ layer: this.path, name, value });
    return value;
  }

  #join(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  #claim(name: string): string {
    const full = this.#join(name);
    if (this.#registry.parameters.has(full) || this.#registry.buffers.has(full)) {
      throw new InvalidArgumentError(expectation("scope", "a parameter name not yet used", full, "rename the layer"));
    }
    return full;
  }
}
