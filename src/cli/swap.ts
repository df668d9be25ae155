import { defineCommand } from "citty";
import { assertArgument, type Tensor } from "../core/index.js";
import { selfContainedModel } from "../foreign/files/index.js";
import { type SwappedModel, swapMetric } from "../foreign/index.js";
import { writeFileAtomic } from "../io/files/index.js";
import { type ConstantChoice, metricNamed } from "../norm/index.js";
import { editOnnx, readOnnx, toEvaluationForm } from "../onnx/index.js";
import { alignedTable } from "../report/index.js";
import { onnxSession } from "../runtime/node/index.js";
import { normalizationOf } from "../train/index.js";
import { loadDataset } from "../train/node/index.js";
import { imageFeeds, imageInput, statedSize } from "./image-feeds.js";
import { loweringArg, loweringFrom } from "./lowering-option.js";
import { countOption, numberOption } from "./number-options.js";
import { openRuntime } from "./open-runtime.js";
import { rejectUnknownOptions } from "./unknown-options.js";

const args = {
  model: { type: "positional", description: ".onnx file whose batch-norms were kept", required: true },
  norm: { type: "string", description: "l1, l2, l3, linf, top10, range, range16, …", required: true },
  calibrate: {
    type: "string",
    description: "folder with images to measure on (class folders, CIFAR or IDX files), or embedded",
    required: true,
  },
  out: { type: "string", description: ".onnx file to write", required: true },
  constant: { type: "string", description: "the metric's constant: exact, paper or a number", default: "exact" },
  split: { type: "string", description: "which images: train or test", default: "train" },
  batch: { type: "string", description: "images whose statistics are taken together", default: "32" },
  batches: { type: "string", description: "batches to measure on", default: "8" },
  "image-size": { type: "string", description: "height and width of images in files (the model's, else 224)" },
  normalization: {
    type: "string",
    description:
      "what pixels are fed as: data (less the images' mean, over their deviation), imagenet, unit, or MEANS/DEVIATIONS",
    default: "data",
  },
  fold: { type: "boolean", description: "make batch-norms part of the convolutions before them" },
  threads: { type: "string", description: "threads of the runtime", default: "2" },
  lowering: loweringArg,
  json: { type: "boolean", description: "print JSON" },
} as const;

/** `normwise swap`. */
export const swapCommand = defineCommand({
  meta: { name: "swap", description: "Give a trained model's batch-norms another metric; writes an ONNX file." },
  args,
  async run({ args: given }) {
    rejectUnknownOptions("swap", args, given, 1);
    const { model: path, out } = given;
    assertArgument(out.endsWith(".onnx"), "--out", "a file named .onnx", out);
    const metric = metricNamed(given.norm, { constant: constantOption(given.constant) });
    const [batch, batches, threads] = (["batch", "batches", "threads"] as const).map((name) =>
      countOption(name, given[name]),
    ) as [number, number, number];
    const lowering = loweringFrom(given.lowering);
    const split = given.split;
    assertArgument(split === "train" || split === "test", "--split", "train or test", split);
    const bytes = await selfContainedModel(path);
    const file = readOnnx(bytes, { where: path });
    const input = imageInput(path, file);
    const size = given["image-size"] === undefined ? statedSize(input) : countOption("image-size", given["image-size"]);
    const data = await loadDataset(given.calibrate, split, size);
    const scale = normalizationOf(given, data);
    const images = () => imageFeeds(path, input, data, scale, { batch, batches });

    const runtime = await openRuntime({ threads, lowering });
    try {
      const calibration = async function* (): AsyncGenerator<Record<string, Tensor>> {
        for await (const { feeds } of images()) yield feeds;
      };
      const swapped = await swapMetric(bytes, file, { metric, runtime, calibration, fold: given.fold === true });
      const accuracies = await Promise.all(
        [editOnnx(bytes, toEvaluationForm), swapped.bytes].map((model) => accuracyOf(model, images(), threads)),
      );
      await writeFileAtomic(out, swapped.bytes);
      const told = { model: path, out, norm: metric.name, images: swapped.batches * batch, accuracies };
      process.stdout.write(given.json ? `${JSON.stringify(jsonOf(swapped, told))}\n` : textOf(swapped, told));
    } finally {
      await runtime.close();
    }
  },
});

interface Told {
  readonly model: string;
  readonly out: string;
  readonly norm: string;
  readonly images: number;
  /** Before and after; undefined where the first output has not a number for each class. */
  readonly accuracies: readonly (number | undefined)[];
}

function textOf({ norms, outputs }: SwappedModel, { model, out, norm, images, accuracies }: Told): string {
  const percent = (value: number): string => `${(100 * value).toFixed(2)}%`;
  const table = alignedTable(
    ["batch-norm", "channels", "divisor, new/old", "least", "greatest", "input moved", "output moved"],
    norms.map(({ name, divisor, ratio, before, after }) => [
      name,
      String(divisor.length),
      ...[ratio.median, ratio.least, ratio.greatest].map((value) => value.toFixed(3)),
      percent(before),
      percent(after),
    ]),
  );
  const [before, after] = accuracies;
  return [
    ...table,
    ...Object.entries(outputs).map(([name, distance]) => `output ${name} moved by ${percent(distance)} of its norm`),
    ...(before === undefined || after === undefined
      ? []
      : [`accuracy on ${images} calibration images: ${before.toFixed(2)}% before, ${after.toFixed(2)}% after`]),
    `${out}: ${model} with ${norm} batch-norms`,
    "",
  ].join("\n");
}

const jsonOf = ({ norms, outputs, batches }: SwappedModel, { accuracies, ...told }: Told): object => ({
  ...told,
  batches,
  norms: norms.map(({ divisor, ...norm }) => ({ ...norm, channels: divisor.length })),
  outputs,
  ...(accuracies[0] === undefined ? {} : { accuracy: { before: accuracies[0], after: accuracies[1] } }),
});

/** Per cent of images whose largest number in the first output, [N, classes], is their label's. */
async function accuracyOf(
  bytes: Uint8Array,
  batches: ReturnType<typeof imageFeeds>,
  threads: number,
): Promise<number | undefined> {
  const session = await onnxSession(bytes, { threads });
  const [output] = session.outputs.keys();
  let [right, count] = [0, 0];
  try {
    for await (const { feeds, labels } of batches) {
      const { shape, data } = (await session.run(feeds))[output!]!;
      if (shape.length !== 2 || labels.some((label) => label >= shape[1]!)) return undefined;
      for (const [row, label] of labels.entries()) {
        const logits = (data as Float32Array).subarray(row * shape[1]!, (row + 1) * shape[1]!);
        if (logits.every((value) => value <= logits[label]!)) right++;
        count++;
      }
    }
    return (100 * right) / count;
  } finally {
    await session.close();
  }
}

function constantOption(text: string): ConstantChoice {
  return text === "exact" || text === "paper" ? text : numberOption("constant", text);
}
