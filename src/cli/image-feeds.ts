import { assertArgument, type Tensor } from "../core/index.js";
import { evaluationBatches, type ImageDataset } from "../data/index.js";
import type { OnnxFile, OnnxPort } from "../onnx/index.js";
import { normalizedPixels, type PixelNormalization } from "../train/index.js";

/** The one input of a model of images. Throws an InvalidArgumentError if it takes anything else. */
export function imageInput(path: string, { inputs }: OnnxFile): OnnxPort {
  const [input] = inputs;
  const takes = inputs.map(({ name, shape }) => `${name} [${shape ?? "?"}]`).join(", ");
  assertArgument(inputs.length === 1 && input?.shape?.length === 4, path, "one input, images [N, C, H, W]", takes);
  return input!;
}

/** Height and width that a model states for its images, where it leaves them not free. */
export function statedSize({ shape }: OnnxPort): number | undefined {
  const height = shape?.[2];
  return typeof height === "number" ? height : undefined;
}

/** Whole batches of images as a model takes them, with their labels. */
export async function* imageFeeds(
  path: string,
  input: OnnxPort,
  data: ImageDataset,
  normalization: PixelNormalization,
  { batch, batches }: { readonly batch: number; readonly batches: number },
): AsyncGenerator<{ readonly feeds: Record<string, Tensor>; readonly labels: Int32Array }> {
  const [channels, ...size] = data.shape;
  const wanted = input.shape!.slice(1);
  const fits = [channels, ...size].every((n, axis) => typeof wanted[axis] !== "number" || wanted[axis] === n);
  const fix = "choose other images, or --image-size where they are files";
  assertArgument(fits, path, `images of ${wanted.join(" × ")} pixels`, `${data.shape.join(" × ")} (${data.name})`, fix);
  const available = Math.floor(data.labels.length / batch);
  assertArgument(available > 0, "--batch", `at most ${data.labels.length}, the images that there are`, batch);
  const source = evaluationBatches(data, { batch });
  try {
    for (let index = 0; index < Math.min(batches, available); index++) {
      const { images, labels } = await source.batch(0, index);
      const data = normalizedPixels(images, normalization);
      yield { feeds: { [input.name]: { dtype: "float32", shape: images.shape, data } }, labels: labels.data };
    }
  } finally {
    await source.close();
  }
}
