import { readFile } from "node:fs/promises";
import { assertArgument, DataError, expectation, InvalidArgumentError, RunError } from "../core/index.js";
import { evaluationBatches, type ImageDataset } from "../data/index.js";
import { onnxSession } from "../runtime/node/index.js";
import { normalizationOf, normalizedPixels } from "../train/index.js";
import { loadRun } from "../train/node/index.js";
import { loweringFrom } from "./lowering-option.js";
import { openRuntime } from "./open-runtime.js";

/** A classifier to evaluate or predict with: a run folder's, or an `.onnx` file's. */
export interface OpenModel {
  /** Where its training images came from, if known. */
  readonly source?: string;
  /** Height and width of the images that it takes, if known. */
  readonly imageSize?: number;
  /** Name of each class, if known. */
  readonly classes?: readonly string[];
  /** Logits of the images, row by row: [n × classes]. */
  logits(data: ImageDataset): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Opens a run folder, or an `.onnx` file with one input (images [N, C, H, W]) and logits [N, classes] as first output.
 * @throws RunError if it is neither.
 */
export async function openModel(
  path: string,
  checkpoint: string | undefined,
  threads: number,
  { normalization, lowering }: { readonly normalization?: string | undefined; readonly lowering?: string | undefined },
): Promise<OpenModel> {
  const chosen = checkpointOption(checkpoint);
  if (path.endsWith(".onnx")) {
    assertArgument(lowering === undefined, "--lowering", "a run", path, "an .onnx file runs as it is");
    return openOnnx(path, threads, normalization);
  }
  assertArgument(normalization === undefined, "--normalization", "an .onnx file", path, "a run has its own");
  const runtime = await openRuntime({ threads, lowering: loweringFrom(lowering ?? "auto") });
  try {
    const { model, source, close } = await loadRun(path, runtime, chosen);
    return {
      source,
      imageSize: model.shape[1],
      classes: model.classes,
      logits: async (data) => {
        const taken = model.shape.join(" × ");
        const got = data.shape.join(" × ");
        assertArgument(taken === got, path, `images of ${taken} pixels, as it was trained on`, `${got} (${data.name})`);
        return (await model.evaluate(data)).logits;
      },
      async close() {
        await close();
        await runtime.close();
      },
    };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

/** The value of `--checkpoint`, where it is given. */
export function checkpointOption(text: string | undefined): { readonly checkpoint?: "last" | "best" } {
  if (text === undefined) return {};
  if (text === "last" || text === "best") return { checkpoint: text };
  throw new InvalidArgumentError(expectation("--checkpoint", "last or best", text));
}

async function openOnnx(path: string, threads: number, normalization = "unit"): Promise<OpenModel> {
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new RunError(expectation(path, "a readable .onnx file", cause.message));
  });
  const session = await onnxSession(bytes, { threads });
  const [input] = session.inputs;
  const [output] = session.outputs.keys();
  if (input === undefined || session.inputs.size !== 1 || output === undefined || input[1].shape.length !== 4) {
    await session.close();
    throw new DataError(
      expectation(path, "a model with one input, images [N, C, H, W]", [...session.inputs.keys()].join(", ")),
    );
  }
  const [name, { dtype, shape }] = input;
  const size = typeof shape[0] === "number" && shape[0] > 0 ? shape[0] : 128; // a free batch dimension takes any size
  const height = shape[2];
  return {
    ...(typeof height === "number" && height > 0 ? { imageSize: height } : {}),
    async logits(data) {
      const source = evaluationBatches(data, { batch: size });
      const rows: Float32Array[] = [];
      for (let index = 0; index < source.batchesPerEpoch; index++) {
        const { images, size: real } = await source.batch(0, index);
        const fed =
          dtype === "float32" ? normalizedPixels(images, normalizationOf({ normalization }, data)) : images.data;
        const result = await session.run({ [name]: { dtype, shape: images.shape, data: fed } as typeof images });
        const logits = result[output]!;
        rows.push((logits.data as Float32Array).slice(0, (real * logits.data.length) / size));
      }
      const all = new Float32Array(rows.reduce((sum, { length }) => sum + length, 0));
      let offset = 0;
      for (const row of rows) {
        all.set(row, offset);
        offset += row.length;
      }
      return all;
    },
    close: () => session.close(),
  };
}
