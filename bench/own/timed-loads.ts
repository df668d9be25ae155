import type { Runtime } from "../../src/graph/index.js";

/** A runtime that counts the milliseconds that it loads programs for. */
export function timedLoads(runtime: Runtime): Runtime & { readonly milliseconds: number } {
  let milliseconds = 0;
  return {
    name: runtime.name,
    get milliseconds() {
      return milliseconds;
    },
    async load(program) {
      const start = performance.now();
      const session = await runtime.load(program);
      milliseconds += performance.now() - start;
      return session;
    },
    createState: (tensors) => runtime.createState(tensors),
    close: () => runtime.close(),
  };
}
