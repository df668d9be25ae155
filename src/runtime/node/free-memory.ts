import { MessageChannel } from "node:worker_threads";

/** A way out of this thread that leads nowhere. */
const { port1: nowhere, port2: end } = new MessageChannel();
end.close();

/**
 * Gives the memory of buffers back at once; they are empty then. The garbage collector frees them too, but it looks at
 * JavaScript's own memory, and leaves several old copies of a training's state lie about before it comes.
 */
export function freeMemory(buffers: readonly ArrayBuffer[]): void {
  if (buffers.length > 0) nowhere.postMessage(undefined, buffers);
}
