import { type NodeRuntime, type NodeRuntimeOptions, nodeRuntime } from "../runtime/node/index.js";

/** Opens a runtime, and tells on the error stream why it is slower than it might be, if it is. */
export async function openRuntime(options: NodeRuntimeOptions): Promise<NodeRuntime> {
  const runtime = nodeRuntime(options);
  try {
    const { notice } = await runtime.lowering;
    if (notice !== undefined) process.stderr.write(`${notice}\n`);
    return runtime;
  } catch (error) {
    await runtime.close();
    throw error;
  }
}
