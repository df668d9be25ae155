import { parentPort, workerData } from "node:worker_threads";
import { buffersOf, executor } from "./executor.js";
import type { Answer, Envelope, Message, RequestKind, Requests, WorkerOptions } from "./messages.js";

// The thread in which ONNX Runtime runs. Requests are carried out one after the other, in the order of their arrival.

const port = parentPort!;
const handlers = executor(workerData as WorkerOptions);
let queue: Promise<void> = Promise.resolve();

async function answer<K extends RequestKind>({ id, kind, body }: Envelope<K>): Promise<void> {
  try {
    const handle: (body: Requests[K]["send"]) => Promise<unknown> = handlers[kind];
    const reply = await handle(body);
    port.postMessage({ id, reply } satisfies Answer, transferable(kind, reply));
  } catch (error) {
    port.postMessage({ id, failure: failureOf(error) } satisfies Answer);
  }
}

function transferable(kind: RequestKind, reply: unknown): ArrayBuffer[] {
  if (kind === "run") return buffersOf((reply as { outputs: Parameters<typeof buffersOf>[0] }).outputs);
  return kind === "readState" ? buffersOf(reply as Parameters<typeof buffersOf>[0]) : [];
}

/** ONNX Runtime names the node in its text, in one of two ways. */
function failureOf(error: unknown): { message: string; node?: string } {
  const message = error instanceof Error ? error.message : String(error);
  const node = (/Name:'([^']+)'/.exec(message) ?? /Node ?\(([^)]+)\)/.exec(message))?.[1];
  return node === undefined ? { message } : { message, node };
}

port.on("message", (message: Message) => {
  queue = queue.then(() => (message === "close" ? port.close() : answer(message)));
});
