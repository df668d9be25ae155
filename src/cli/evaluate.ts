import { defineCommand } from "citty";
import { assertArgument, expectation, InvalidArgumentError } from "../core/index.js";
import { loadDataset } from "../train/node/index.js";
import { classify } from "./classify.js";
import { numberOption } from "./number-options.js";
import { openModel } from "./open-model.js";
import { rejectUnknownOptions } from "./unknown-options.js";

/** Options that evaluating and predicting share. */
export const modelArgs = {
  model: { type: "positional", description: "run folder or .onnx file", required: true },
  data: { type: "string", description: "folder with images, or embedded (a run's own data)" },
  split: { type: "string", description: "test or train", default: "test" },
  checkpoint: { type: "string", description: "of a run: last (default) or best" },
  normalization: {
    type: "string",
    description: "of an .onnx file that takes floats, as in training: unit, imagenet, data or means/deviations (unit)",
  },
  threads: { type: "string", description: "threads of the runtime", default: "2" },
  lowering: {
    type: "string",
    description: "of a run: operators of the runtime: portable (any machine), blocked (faster), or auto (auto)",
  },
} as const;

const args = { ...modelArgs, json: { type: "boolean", description: "print JSON" } } as const;

/** `normwise evaluate`. */
export const evaluateCommand = defineCommand({
  meta: { name: "evaluate", description: "Accuracy and loss of a run or an .onnx model on a set of images." },
  args,
  async run({ args: given }) {
    rejectUnknownOptions("evaluate", args, given, 1);
    const { predictions, data } = await predictionsFor(given);
    const count = data.labels.length;
    const logits = predictions[0]!.logProbabilities.length;
    const classes = data.classes.length;
    assertArgument(logits === classes, given.model, `a logit for each of ${data.name}'s ${classes} classes`, logits);
    const right = predictions.filter(({ predicted }, row) => predicted === data.labels[row]).length;
    const loss =
      predictions.reduce((sum, { logProbabilities }, row) => sum - logProbabilities[data.labels[row]!]!, 0) / count;
    const accuracy = (100 * right) / count;
    const result = { model: given.model, data: data.name, split: given.split, images: count, accuracy, loss };
    process.stdout.write(
      given.json
        ? `${JSON.stringify(result)}\n`
        : `${given.model} on ${data.name}, ${given.split}, ${count} images: accuracy ${accuracy.toFixed(2)}%, loss ${loss.toFixed(4)}\n`,
    );
  },
});

/** Opens the model and the images that the options name, and classifies them. */
export async function predictionsFor(given: {
  readonly model: string;
  readonly data?: string | undefined;
  readonly split: string;
  readonly checkpoint?: string | undefined;
  readonly normalization?: string | undefined;
  readonly threads: string;
  readonly lowering?: string | undefined;
}) {
  const { split } = given;
  if (split !== "test" && split !== "train") {
    throw new InvalidArgumentError(expectation("--split", "test or train", split));
  }
  const model = await openModel(given.model, given.checkpoint, numberOption("threads", given.threads), given);
  try {
    const data = await loadDataset(given.data ?? model.source ?? "embedded", split, model.imageSize);
    const predictions = classify(await model.logits(data), data.labels.length);
    return { data, predictions, classes: model.classes ?? data.classes };
  } finally {
    await model.close();
  }
}
