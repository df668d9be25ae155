import { assertArgument } from "../core/index.js";
import { batchRule, equalTrainings } from "../dynamics/index.js";
import { alignedTable } from "../report/index.js";
import { lengthOf } from "./equivalent-course.js";
import type { EquivalentArguments } from "./equivalent-options.js";
import { countOption, isPositive, numberOption, numbersOption } from "./number-options.js";
import { momentumOf, optimizerOf } from "./optimizer-options.js";

/** A table of numbers under names, and what is to be known about it. */
export interface NumberTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly number[])[];
  readonly notes: readonly string[];
}

/** The trainings with the same ηλ at the decays of `--sweep-weight-decay`; the first row is the run itself. */
export function sweepTable(args: EquivalentArguments): NumberTable {
  const { rate, weightDecay, momentum, optimizer, stepsPerEpoch } = numbersOf(args, "--sweep-weight-decay");
  const swept = numbersOption("sweep-weight-decay", args["sweep-weight-decay"], "decays > 0", isPositive);
  const weightDecays = [weightDecay, ...swept.filter((decay) => decay !== weightDecay)];
  const members = equalTrainings({ rate, weightDecay, momentum, optimizer, weightDecays });
  const epochs = stepsPerEpoch === undefined ? [] : ["time_scale_epochs"];
  const adam = optimizer === "adamw";
  return {
    columns: ["weight_decay", "learning_rate", "product", "norm", "rotation", "time_scale_steps", ...epochs],
    rows: members.map(({ weightDecay: decay, rate: eta, product, norm, rotation, timeScale }) => {
      const inEpochs = stepsPerEpoch === undefined ? [] : [timeScale / stepsPerEpoch];
      return [decay, eta, product, norm, rotation, timeScale, ...inEpochs];
    }),
    notes: [
      "All of these train scale-invariant weights alike: learning rate × decay is the same, and so are the rotation per step (rad) " +
        `and the time scale, in which the distance of ‖w‖${adam ? "²" : "⁴"} to equilibrium falls by e. Only the norm differs (norm: at ` +
        "equilibrium, over the first row's).",
      "From the same initial weights they agree after a few time scales. From initial weights multiplied by norm (and the " +
        "rates of the whole schedule by learning_rate over the first row's) they agree from the first step on, exactly.",
      "All other weights need the first row's rate and decay.",
    ],
  };
}

/** The rule for another batch size; the first row is the run itself. */
export function batchTable(args: EquivalentArguments): NumberTable {
  const { rate, weightDecay, momentum, optimizer } = numbersOf(args, "--to-batch");
  assertArgument(args.batch !== undefined, "--to-batch", "--batch, the batch size of the run, beside it", "none");
  assertArgument(args["to-batch"] !== undefined, "--batch", "--to-batch, the wanted batch size, beside it", "none");
  const options = {
    rate,
    weightDecay,
    momentum,
    optimizer,
    batch: countOption("batch", args.batch),
    toBatch: countOption("to-batch", args["to-batch"]),
  };
  const { from, to } = batchRule(options);
  const adam = optimizer === "adamw";
  const split = adam
    ? "learning rate ∝ √batch and decay ∝ √batch, the square-root rule of Adam"
    : "learning rate ∝ batch at the same decay, the linear rule";
  return {
    columns: ["batch", "learning_rate", "weight_decay", "rotation", "rotation_per_example", "time_scale_examples"],
    rows: [from, to].map((row) => [
      ...[row.batch, row.rate, row.weightDecay],
      ...[row.rotation, row.rotationPerExample, row.timeScale],
    ]),
    notes: [
      "Learning rate × decay ∝ batch at the same momentum keeps, for scale-invariant weights at equilibrium, the squared rotation " +
        "(rad²) per example, and so per epoch, and the time scale of the norm in examples; while gradients are mostly noise, also the " +
        "drift along the mean gradient.",
      `For these weights only the product counts; it is split for the others: ${split}. Positions of a schedule stay where they are in epochs.`,
      "This is a rule, not an equality: it fails where the batch is so large that the noise no longer rules, or learning " +
        `rate × decay no longer far below 1 − ${adam ? "β₁" : "momentum"}.`,
    ],
  };
}

/** Writes a table as aligned text with its notes, or as JSON or CSV. Throws an InvalidArgumentError for another format. */
export function formatTable({ columns, rows, notes }: NumberTable, format = "text"): string {
  switch (format) {
    case "text": {
      const cells = rows.map((row) => row.map((value) => String(Number(value.toPrecision(4)))));
      const lines = alignedTable(
        columns.map((name) => name.replaceAll("_", " ")),
        cells,
      );
      return `${[...lines, "", ...notes].join("\n")}\n`;
    }
    case "csv":
      return `${[columns.join(","), ...rows.map((row) => row.join(","))].join("\n")}\n`;
    case "json": {
      const named = rows.map((row) => Object.fromEntries(columns.map((name, i) => [camelCased(name), row[i]])));
      return `${JSON.stringify({ rows: named, notes })}\n`;
    }
    default:
      assertArgument(false, "--format", "text, json or csv for a table", format);
  }
}

const camelCased = (name: string): string => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

function numbersOf(args: EquivalentArguments, option: string) {
  for (const name of ["schedule-file", "to-lr", "to-weight-decay", "norms", "plot", "html"] as const) {
    assertArgument(args[name] === undefined, option, `no --${name} beside it: its table needs one rate`, args[name]);
  }
  const positive = (name: "lr" | "weight-decay"): number => {
    assertArgument(args[name] !== undefined, option, `--${name} beside it`, "none");
    return numberOption(name, args[name], "a positive number", isPositive);
  };
  return {
    rate: positive("lr"),
    weightDecay: positive("weight-decay"),
    momentum: momentumOf(args),
    optimizer: optimizerOf(args),
    stepsPerEpoch: lengthOf(args).stepsPerEpoch,
  };
}
