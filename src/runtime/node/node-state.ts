import { assertArgument, type DType, type Shape } from "../../core/index.js";
import type { State, Tensors } from "../../graph/index.js";
import { readyToSend } from "./sending.js";
import type { WorkerLink } from "./worker-link.js";

/** What a runtime knows of a state whose tensors lie in its worker. */
export interface HeldState {
  readonly link: WorkerLink;
  readonly id: number;
  readonly types: Map<string, { readonly dtype: DType; readonly shape: Shape }>;
}

const held = new WeakMap<State, HeldState>();

/** What stands behind a state, if a Node runtime made it. */
export const heldState = (state: State): HeldState | undefined => held.get(state);

/** Puts tensors into the worker. */
export async function createNodeState(link: WorkerLink, tensors: Tensors): Promise<State> {
  const first = readyToSend(new Map(Object.entries(tensors)), tensors);
  const id = await link.ask("createState", { tensors: first.tensors }, first.transfer);
  const types: HeldState["types"] = new Map();
  const note = (written: Tensors): void => {
    for (const [name, { dtype, shape }] of Object.entries(written)) types.set(name, { dtype, shape });
  };
  note(tensors);

  const state: State = {
    async read(names = [...types.keys()]) {
      const unknown = names.find((name) => !types.has(name));
      assertArgument(unknown === undefined, "state.read", `names among ${[...types.keys()].join(", ")}`, unknown);
      return link.ask("readState", { state: id, names });
    },
    async write(written, { handOver = false } = {}) {
      const ready = readyToSend(new Map(Object.entries(written)), written, handOver);
      await link.ask("writeState", { state: id, tensors: ready.tensors }, ready.transfer);
      note(written);
    },
    close: () => link.ask("closeState", { state: id }),
  };
  held.set(state, { link, id, types });
  return state;
}
