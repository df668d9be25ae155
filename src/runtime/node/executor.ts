import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { type DType, ExecutionError, expectation, type Tensor } from "../../core/index.js";
import type { Tensors } from "../../graph/index.js";
import { convertTensor, nextName } from "../../onnx/index.js";
import type { InputType } from "../feeds.js";
import { type HeldTensors, heldTensors } from "./held-tensors.js";
import type { RequestKind, Requests, RunReply, RunRequest, WorkerOptions } from "./messages.js";

/** Carries out requests: holds sessions and states by number. */
export type Executor = { readonly [K in RequestKind]: (body: Requests[K]["send"]) => Promise<Requests[K]["reply"]> };

/**
 * How long a thread looks for work before it sleeps. ONNX Runtime's own choice is longer than the pauses between two operators need,
 * and the threads of a session that has just run then take a processor from the next one: with every fifth step measured, by a
 * second session, ResNet-20 took 132 to 138 ms a step on two threads, and 121 to 125 so; without measured steps it makes no
 * difference, and without any such search a step takes 3 to 20 ms more.
 */
const spinMicroseconds = 100;

/** Makes the executor that runs inside the worker. */
export function executor({ threads, profile }: WorkerOptions): Executor {
  const sessions = numbered<ort.InferenceSession>("session");
  const states = numbered<HeldTensors>("state");

  let loaded = 0;

  return {
    async load({ model }) {
      const prefix = profile === undefined ? undefined : join(profile, `session-${loaded++}`);
      const session = await ort.InferenceSession.create(model, {
        // Measured fastest, with half the memory of full optimization: the graph is written as it is to be run.
        graphOptimizationLevel: "disabled",
        enableMemPattern: false,
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        extra: { session: { intra_op: { spin_duration_us: `${spinMicroseconds}` } } },
        logSeverityLevel: 4, // what fails is thrown; it need not be printed too
        ...(prefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: prefix }),
      });
      return {
        session: sessions.add(session),
        inputs: typesOf(session.inputMetadata),
        outputs: typesOf(session.outputMetadata),
      };
    },
    run: (request) => run(sessions.get(request.session), request, states.get),
    async closeSession({ session }) {
      const closed = sessions.take(session);
      if (profile !== undefined) closed?.endProfiling();
      await closed?.release();
    },
    async createState({ tensors }) {
      const held = heldTensors();
      held.replace(toOrts(tensors));
      return states.add(held);
    },
    async readState({ state, names }) {
      const held = states.get(state);
      return Object.fromEntries(names.map((name) => [name, fromOrt(held.get(name)!)]));
    },
    async writeState({ state, tensors }) {
      states.get(state).replace(toOrts(tensors));
    },
    async closeState({ state }) {
      states.take(state)?.free();
    },
  };
}

async function run(
  session: ort.InferenceSession,
  request: RunRequest,
  stateOf: (id: number) => HeldTensors,
): Promise<RunReply> {
  const { feeds, outputs, state, guard } = request;
  const held = state && stateOf(state.id);
  const inputs: Record<string, ort.Tensor> = {};
  for (const { name, type } of session.inputMetadata as TensorMetadata[]) {
    inputs[name] = feeds[name] ? toOrt(feeds[name]) : ofType(held!.get(name)!, type);
  }
  const updates = state?.updates ?? [];
  const results = await session.run(inputs, [...outputs, ...updates.map(nextName)]);
  const updated = held !== undefined && (guard === undefined || allFinite(results[guard]!));
  if (updated) held.replace(updates.map((name) => [name, results[nextName(name)]!]));
  return { outputs: Object.fromEntries(outputs.map((name) => [name, fromOrt(results[name]!)])), updated };
}

type TensorMetadata = Extract<ort.InferenceSession.ValueMetadata, { readonly isTensor: true }>;

function typesOf(metadata: readonly ort.InferenceSession.ValueMetadata[]): Record<string, InputType> {
  const tensors = metadata as readonly TensorMetadata[];
  return Object.fromEntries(tensors.map(({ name, type, shape }) => [name, { dtype: type as DType, shape }]));
}

const allFinite = ({ data }: ort.Tensor): boolean => Array.from(data as ArrayLike<number>).every(Number.isFinite);

/** State in another floating-point width than an input declares is converted for the run. */
function ofType(tensor: ort.Tensor, type: string): ort.Tensor {
  return tensor.type === type ? tensor : toOrt(convertTensor(fromOrt(tensor), type as DType));
}

const toOrts = (tensors: Tensors): [string, ort.Tensor][] =>
  Object.entries(tensors).map(([name, tensor]) => [name, toOrt(tensor)]);

function toOrt({ dtype, shape, data }: Tensor): ort.Tensor {
  if (dtype === "bfloat16") {
    throw new ExecutionError(
      expectation(
        "onnxruntime-node",
        "tensors of a dtype that it exchanges",
        dtype,
        "cast to float32 inside the graph",
      ),
    );
  }
  // The binding refuses shared memory.
  const own = data.buffer instanceof SharedArrayBuffer ? data.slice() : data;
  return new ort.Tensor(dtype, own as Float32Array, shape);
}

/** A copy, which may be handed to another thread: the runtime owns the memory of what it returns. */
function fromOrt({ type, dims, data }: ort.Tensor): Tensor {
  const copy = (data as Float32Array).slice();
  // Newer versions of Node give float16 as Float16Array; here its bits are kept.
  const held = type === "float16" ? new Uint16Array(copy.buffer) : copy;
  return { dtype: type as DType, shape: dims, data: held };
}

interface Numbered<T> {
  add(item: T): number;
  get: (id: number) => T;
  take(id: number): T | undefined;
}

function numbered<T>(kind: string): Numbered<T> {
  const items = new Map<number, T>();
  let next = 0;
  return {
    add(item) {
      items.set(next, item);
      return next++;
    },
    get(id) {
      const item = items.get(id);
      if (item === undefined)
        throw new ExecutionError(expectation("runtime", `an open ${kind}`, "one that was closed"));
      return item;
    },
    take(id) {
      const item = items.get(id);
      items.delete(id);
      return item;
    },
  };
}

/** Buffers of a reply that can change hands instead of being copied. */
export function buffersOf(tensors: Tensors): ArrayBuffer[] {
  return [...new Set(Object.values(tensors).map(({ data }) => data.buffer as ArrayBuffer))];
}
