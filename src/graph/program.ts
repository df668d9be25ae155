import type { Tensor } from "../core/index.js";
import type { Graph, Value } from "./graph.js";

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A graph with a purpose: what a run returns, and what it leaves in the state. */
export interface Program {
  readonly graph: Graph;
  /** Values that a run returns, by name. */
  readonly outputs: Readonly<Record<string, Value>>;
  /** New values of state tensors, by the name of the graph input that holds the old one. */
  readonly updates?: Readonly<Record<string, Value>>;
}

/** All values that a program is there for: what it returns, then what it leaves in the state. */
export const resultsOf = ({ outputs, updates = {} }: Program): Value[] => [
  ...Object.values(outputs),
  ...Object.values(updates),
];

/** A program of another graph, with each result of this one as it is there. */
export function withResults({ outputs, updates }: Program, graph: Graph, now: (result: Value) => Value): Program {
  const all = (values: Readonly<Record<string, Value>>): Record<string, Value> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, now(value)]));
  return { graph, outputs: all(outputs), ...(updates ? { updates: all(updates) } : {}) };
}

/**
 * Tensors that live beside the runtime and survive from run to run: parameters, momenta, running statistics. Several
 * sessions may share one state: a training step and an evaluation read the same parameters without a copy.
 */
export interface State {
  /** Copies of the named tensors (all by default). */
  read(names?: readonly string[]): Promise<Record<string, Tensor>>;
  /**
   * Replaces or adds tensors. They are copied, or, with `handOver`, may be taken over with their memory: then the caller has
   * no use for them any more.
   */
  write(tensors: Tensors, options?: { readonly handOver?: boolean }): Promise<void>;
  /** Frees the tensors. */
  close(): Promise<void>;
}

/** Options of {@link Session.run}. */
export interface RunOptions {
  /** Graph inputs that `feeds` lacks are taken from here, and the program's updates are written here. */
  readonly state?: State;
  /** Name of a scalar output: when it is not finite, the state is left as it was before the run. */
  readonly guard?: string;
}

/** A program made ready to run. */
export interface Session {
  /**
   * Runs the program once.
   * @param feeds Graph inputs by name; floating-point data of any width is converted to what the input declares.
   * @returns The program's outputs, by name.
   * @throws InvalidArgumentError if an input is missing or of another shape.
   */
  run(feeds: Tensors, options?: RunOptions): Promise<Record<string, Tensor>>;
  /** Frees the session. */
  close(): Promise<void>;
}

/** Something that executes programs: the float64 reference, ONNX Runtime in Node, ONNX Runtime in a browser. */
export interface Runtime {
  /** What executes, for logs: `reference`, `onnxruntime-node 1.30.0 (cpu, 2 threads)`. */
  readonly name: string;
  /** Makes a program ready to run. */
  load(program: Program): Promise<Session>;
  /** Puts tensors beside the runtime. */
  createState(tensors: Tensors): Promise<State>;
  /** Ends the runtime and all its sessions and states. */
  close(): Promise<void>;
}
