import type { Tensor } from "../../core/index.js";
import type { Tensors } from "../../graph/index.js";
import { checkFeeds, type InputType } from "../feeds.js";
import { readyToSend } from "./sending.js";
import { startWorker, type WorkerThreads } from "./start-worker.js";

/** A model loaded from an `.onnx` file. */
export interface OnnxSession {
  /** What it takes, by name, in the file's order. */
  readonly inputs: ReadonlyMap<string, InputType>;
  /** What it gives, by name, in the file's order. */
  readonly outputs: ReadonlyMap<string, InputType>;
  /**
   * Runs the model once; returns all its outputs.
   * @throws InvalidArgumentError if an input is missing, unknown, or of another shape or dtype.
   */
  run(feeds: Tensors): Promise<Record<string, Tensor>>;
  /** Ends the session and its thread. */
  close(): Promise<void>;
}

/**
 * Loads the bytes of an `.onnx` file, whoever wrote it, in a thread of its own.
 *
 * @throws ExecutionError if ONNX Runtime does not take the file.
 */
export async function onnxSession(
  bytes: Uint8Array,
  options: Pick<WorkerThreads, "threads"> = {},
): Promise<OnnxSession> {
  const { link } = startWorker("onnxSession", options);
  try {
    const loaded = await link.ask("load", { model: bytes });
    const inputs = new Map(Object.entries(loaded.inputs));
    const outputs = new Map(Object.entries(loaded.outputs));
    return {
      inputs,
      outputs,
      async run(feeds) {
        const ready = readyToSend(checkFeeds("onnxSession.run", inputs, feeds), feeds);
        const body = { session: loaded.session, feeds: ready.tensors, outputs: [...outputs.keys()] };
        return (await link.ask("run", body, ready.transfer)).outputs;
      },
      close: () => link.close(),
    };
  } catch (error) {
    await link.close();
    throw error;
  }
}
