import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { ExecutionError } from "../../src/core/index.js";
import { workerLink } from "../../src/runtime/node/worker-link.js";

/** A link to a worker that runs the given code for each request. */
const linkTo = (onRequest: string): ReturnType<typeof workerLink> =>
  workerLink(
    new Worker(
      `const { parentPort } = require("node:worker_threads");
       parentPort.on("message", (message) => {
         if (message === "close") return parentPort.close();
         const { id, body } = message;
         ${onRequest}
       });`,
      { eval: true },
    ),
  );

describe("workerLink", () => {
  it("answers each request with its own reply, whatever the order", async () => {
    const link = linkTo("setTimeout(() => parentPort.postMessage({ id, reply: body.state }), 50 - 20 * body.state)");
    const replies = await Promise.all([0, 1, 2].map((state) => link.ask("closeState", { state })));
    expect(replies).toEqual([0, 1, 2]);
    await link.close();
  });

  it("turns a failure into an error that names the node", async () => {
    const link = linkTo('parentPort.postMessage({ id, failure: { message: "no", node: "conv2d#3/Conv" } })');
    const failure = await link.ask("closeState", { state: 0 }).catch((error) => error);
    expect(failure).toBeInstanceOf(ExecutionError);
    expect([failure.message, failure.node]).toEqual(["onnxruntime-node: no", "conv2d#3/Conv"]);
    await link.close();
  });

  it.each([
    ["an error nobody catches", 'throw new Error("out of paper")', "failed: out of paper"],
    ["an early end", "process.exit(3)", "ended with code 3"],
  ])("rejects what is asked, and all after it, after %s", async (_name, code, reason) => {
    const link = linkTo(code);
    const asked = [0, 1].map((state) => link.ask("closeState", { state }));
    for (const request of asked) await expect(request).rejects.toThrow(reason);
    await expect(link.ask("closeState", { state: 2 })).rejects.toThrow(reason);
    await link.close();
  });
});
