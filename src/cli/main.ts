#!/usr/bin/env node
import { defineCommand, runMain } from "citty";
import { version } from "../train/node/index.js";
import { withReadableErrors } from "./command-error.js";
import { compareCommand } from "./compare.js";
import { equivalentCommand } from "./equivalent.js";
import { evaluateCommand } from "./evaluate.js";
import { exportCommand } from "./export.js";
import { predictCommand } from "./predict.js";
import { reproduceCommand } from "./reproduce.js";
import { swapCommand } from "./swap.js";
import { traceCommand } from "./trace.js";
import { trainCommand } from "./train.js";

const main = defineCommand({
  meta: { name: "normwise", version, description: "Train networks, and see and control what weight norms do in them." },
  subCommands: {
    train: withReadableErrors(trainCommand),
    evaluate: withReadableErrors(evaluateCommand),
    predict: withReadableErrors(predictCommand),
    export: withReadableErrors(exportCommand),
    compare: withReadableErrors(compareCommand),
    reproduce: withReadableErrors(reproduceCommand),
    equivalent: withReadableErrors(equivalentCommand),
    swap: withReadableErrors(swapCommand),
    trace: withReadableErrors(traceCommand),
  },
});

await runMain(main);
