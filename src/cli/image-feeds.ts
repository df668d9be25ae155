import { assertArgument, type Tensor } from "../core/index.js";
import { channelStatistics, evaluationBatches, type ImageDataset } from "../data/index.js";
import type { OnnxFile, OnnxPort } from "../onnx/index.js";

/** What pixels are fed as: (value − mean) / std per channel, bytes being value / 255. */
export interface PixelScale {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

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

/** Reads `--mean` and `--std`, a number per channel; those of the data if both are absent. */
export function pixelScale(
  given: { readonly mean?: string | undefined; readonly std?: string | undefined },
  data: ImageDataset,
): PixelScale {
  const own = channelStatistics(data);
  const list = (name: "mean" | "std", valid: (value: number) => boolean): readonly number[] => {
    const text = given[name];
    if (text === undefined) return own[name].map((value) => (name === "std" && value === 0 ? 1 : value));
    const values = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
    const expected = `${data.shape[0]} numbers${name === "std" ? " > 0" : ""}, such as 0.485,0.456,0.406`;
    const fits = values.length === data.shape[0] && values.every((value) => Number.isFinite(value) && valid(value));
    assertArgument(fits, `--${name}`, expected, text);
    return values;
  };
  return { mean: list("mean", () => true), std: list("std", (value) => value > 0) };
}

/** Whole batches of images as a model takes them, with their labels. */
export async function* imageFeeds(
  path: string,
  input: OnnxPort,
  data: ImageDataset,
  { mean, std }: PixelScale,
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
  const plane = size.reduce((product, n) => product * n, 1);
  try {
    for (let index = 0; index < Math.min(batches, available); index++) {
      const { images, labels } = await source.batch(0, index);
      const unit = images.dtype === "uint8" ? 255 : 1;
      const pixels = Float32Array.from(images.data, (value, at) => {
        const channel = Math.floor(at / plane) % channels;
        return (value / unit - mean[channel]!) / std[channel]!;
      });
      yield { feeds: { [input.name]: { dtype: "float32", shape: images.shape, data: pixels } }, labels: labels.data };
    }
  } finally {
    await source.close();
  }
}
