#!/usr/bin/env node
import { type ArgsDef, type CommandDef, defineCommand, runMain } from "citty";
import { version } from "../io/files/package-version.js";
import { withReadableErrors } from "./command-error.js";

/** A command that is loaded when it is asked for: what one needs, such as the runtime, would delay all others. */
function lazy<T extends ArgsDef>(load: () => Promise<CommandDef<T>>): () => Promise<CommandDef<T>> {
  return async () => withReadableErrors(await load());
}

const main = defineCommand({
  meta: { name: "normwise", version, description: "Train networks, and see and control what weight norms do in them." },
  subCommands: {
    train: lazy(async () => (await import("./train.js")).trainCommand),
    evaluate: lazy(async () => (await import("./evaluate.js")).evaluateCommand),
    predict: lazy(async () => (await import("./predict.js")).predictCommand),
    export: lazy(async () => (await import("./export.js")).exportCommand),
    compare: lazy(async () => (await import("./compare.js")).compareCommand),
    reproduce: lazy(async () => (await import("./reproduce.js")).reproduceCommand),
    equivalent: lazy(async () => (await import("./equivalent.js")).equivalentCommand),
    swap: lazy(async () => (await import("./swap.js")).swapCommand),
    trace: lazy(async () => (await import("./trace.js")).traceCommand),
    inspect: lazy(async () => (await import("./inspect.js")).inspectCommand),
  },
});

await runMain(main);
