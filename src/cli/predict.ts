import { defineCommand } from "citty";
import { assertArgument, expectation, InvalidArgumentError } from "../core/index.js";
import { modelArgs, predictionsFor } from "./evaluate.js";
import { numberOption } from "./number-options.js";
import { rejectUnknownOptions } from "./unknown-options.js";

const args = {
  ...modelArgs,
  count: { type: "string", description: "images to print, from the first; all if absent" },
  format: { type: "string", description: "csv or json", default: "csv" },
} as const;

/** `normwise predict`. */
export const predictCommand = defineCommand({
  meta: { name: "predict", description: "The class that a run or an .onnx model gives to each image." },
  args,
  async run({ args: given }) {
    rejectUnknownOptions("predict", args, given, 1);
    const { format } = given;
    if (format !== "csv" && format !== "json") {
      throw new InvalidArgumentError(expectation("--format", "csv or json", format));
    }
    const count = given.count === undefined ? Number.POSITIVE_INFINITY : numberOption("count", given.count);
    assertArgument(count >= 1, "--count", "at least 1", given.count);
    const { data, predictions, classes } = await predictionsFor(given);
    const rows = predictions.slice(0, count).map(({ predicted, logProbabilities }, image) => ({
      image,
      predicted: classes[predicted] ?? String(predicted),
      probability: Math.exp(logProbabilities[predicted]!),
      label: data.classes[data.labels[image]!]!,
    }));
    if (format === "json") process.stdout.write(`${JSON.stringify(rows)}\n`);
    else {
      const lines = rows.map(({ image, predicted, probability, label }) =>
        [image, quoted(predicted), probability.toFixed(4), quoted(label)].join(","),
      );
      process.stdout.write(`image,predicted,probability,label\n${lines.join("\n")}\n`);
    }
  },
});

const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
