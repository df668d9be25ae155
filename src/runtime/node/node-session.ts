import { assertArgument, expectation, InvalidArgumentError } from "../../core/index.js";
import type { Program, RunOptions, Session } from "../../graph/index.js";
import { type Lowering, toOnnx } from "../../onnx/index.js";
import { checkFeeds } from "../feeds.js";
import { heldState } from "./node-state.js";
import { readyToSend } from "./sending.js";
import type { WorkerLink } from "./worker-link.js";

/** Lowers a program and loads it into the worker. */
export async function loadNodeSession(link: WorkerLink, program: Program, lowering: Lowering): Promise<Session> {
  const model = toOnnx(program, { lowering });
  const { session, inputs } = await link.ask("load", { model }, [model.buffer as ArrayBuffer]);
  const outputs = Object.keys(program.outputs);
  const updates = Object.keys(program.updates ?? {});
  const needed = new Map(Object.entries(inputs));

  function stateBehind({ state }: RunOptions): ReturnType<typeof heldState> {
    const held = state && heldState(state);
    if (state && held?.link !== link) {
      throw new InvalidArgumentError(expectation("session.run", "a state of the same runtime", "another's"));
    }
    return held;
  }

  return {
    async run(feeds, options = {}) {
      const { guard } = options;
      const held = stateBehind(options);
      if (guard !== undefined) {
        assertArgument(outputs.includes(guard), "session.run", `a guard among ${outputs.join(", ")}`, guard);
      }
      const relevant = Object.entries(feeds).filter(([name]) => needed.has(name) || !program.graph.inputs.has(name));
      const checked = checkFeeds("session.run", needed, Object.fromEntries(relevant), held?.types);
      const ready = readyToSend(checked, feeds);
      const reply = await link.ask(
        "run",
        {
          session,
          feeds: ready.tensors,
          outputs,
          ...(held ? { state: { id: held.id, updates } } : {}),
          ...(guard === undefined ? {} : { guard }),
        },
        ready.transfer,
      );
      if (held && reply.updated) for (const name of updates) held.types.set(name, program.updates![name]!);
      return reply.outputs;
    },
    close: () => link.ask("closeSession", { session }),
  };
}
