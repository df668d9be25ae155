import { expectation, InvalidArgumentError, type Tensor } from "../core/index.js";
import type { Program, RunOptions, Runtime, Session, State, Tensors } from "../graph/index.js";
import { hold, release } from "./held.js";
import { interpret } from "./interpret.js";
import type { Held } from "./rule.js";

/**
 * A runtime that computes every program in float64: slow, and as right as can be. State stays float64 between runs.
 *
 * @example
 * const session = await referenceRuntime().load({ graph, outputs: { loss } });
 * const { loss } = await session.run({ x, y });
 */
export function referenceRuntime(): Runtime {
  const states = new WeakMap<State, Map<string, Held>>();

  function tensorsOf(state: State): Map<string, Held> {
    const tensors = states.get(state);
    if (tensors === undefined) {
      throw new InvalidArgumentError(expectation("run", "an open state of this runtime", "another", "create it here"));
    }
    return tensors;
  }

  function createState(initial: Tensors): State {
    const tensors = new Map<string, Held>();
    const state: State = {
      async read(names = [...tensors.keys()]) {
        const absent = names.find((name) => !tensors.has(name));
        if (absent !== undefined) {
          throw new InvalidArgumentError(expectation("state.read", `one of ${[...tensors.keys()].join(", ")}`, absent));
        }
        return Object.fromEntries(names.map((name) => [name, release(tensors.get(name)!)]));
      },
      async write(added) {
        for (const [name, tensor] of Object.entries(added)) tensors.set(name, hold(tensor));
      },
      async close() {
        tensors.clear();
        states.delete(state);
      },
    };
    states.set(state, tensors);
    for (const [name, tensor] of Object.entries(initial)) tensors.set(name, hold(tensor));
    return state;
  }

  function run(program: Program, feeds: Tensors, { state, guard }: RunOptions): Record<string, Tensor> {
    const stored = state && tensorsOf(state);
    const outputs = Object.entries(program.outputs);
    const updates = stored ? Object.entries(program.updates ?? {}) : [];
    if (guard !== undefined && !Object.hasOwn(program.outputs, guard)) {
      throw new InvalidArgumentError(
        expectation("run", `a guard among the outputs ${Object.keys(program.outputs).join(", ")}`, guard),
      );
    }
    const results = interpret(
      [...outputs, ...updates].map(([, value]) => value),
      (name) => (Object.hasOwn(feeds, name) ? hold(feeds[name]!) : stored?.get(name)),
    );
    const named = Object.fromEntries(outputs.map(([name], i) => [name, results[i]!]));
    if (guard === undefined || named[guard]!.data.every(Number.isFinite)) {
      for (const [i, [name]] of updates.entries()) stored!.set(name, results[outputs.length + i]!);
    }
    return Object.fromEntries(outputs.map(([name], i) => [name, release(results[i]!)]));
  }

  return {
    name: "reference (float64)",
    async load(program): Promise<Session> {
      return { run: async (feeds, options = {}) => run(program, feeds, options), close: async () => {} };
    },
    createState: async (tensors) => createState(tensors),
    close: async () => {},
  };
}
