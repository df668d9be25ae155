import { assertArgument, expectation, InvalidArgumentError, type Shape } from "../core/index.js";
import type { OnnxPort } from "../onnx/import/onnx-file.js";

/** Shapes of a model's inputs, by name. */
export type InputShapes = Readonly<Record<string, Shape>>;

/** Which shapes a model's inputs are wanted in. */
export interface CandidateShapeOptions {
  /** Size of a first axis, or of one that is called a batch, that is free or stated to be 1; 2 by default. */
  readonly batch?: number;
  /** Height and width to try where the model states larger ones; those by default, 224 where it leaves them free. */
  readonly imageSize?: number;
  /** Size of all other free axes; 16 by default. */
  readonly length?: number;
  /** Shapes that are not to be changed, by input. */
  readonly given?: InputShapes;
}

/**
 * Shapes to try for a model's inputs, the most wanted first: with the batch and the image size asked for; with the stated
 * image size and a batch of at most 2; as the model states them. Constants that an exporter computed from one size may fit no
 * other.
 *
 * @throws InvalidArgumentError if a given shape does not fit what is stated, or an input states no shape at all.
 */
export function candidateShapes(ports: readonly OnnxPort[], options: CandidateShapeOptions = {}): InputShapes[] {
  const { batch = 2, imageSize, given = {} } = options;
  const unknown = Object.keys(given).find((name) => ports.every((port) => port.name !== name));
  const known = ports.map(({ name }) => name).join(", ");
  assertArgument(unknown === undefined, "--input-shape", `an input of the model (${known})`, unknown);
  const candidates = [
    ...(imageSize === undefined ? [] : [{ batch, imageSize }]),
    { batch: imageSize === undefined ? batch : Math.min(2, batch), imageSize: undefined },
    { batch: undefined, imageSize: undefined },
  ].map((wanted) =>
    Object.fromEntries(ports.map((port) => [port.name, shapeOf(port, { ...options, ...wanted }, given[port.name])])),
  );
  return candidates.filter((shapes, i) => candidates.findIndex((other) => same(shapes, other)) === i);
}

interface Wanted {
  readonly batch: number | undefined;
  readonly imageSize: number | undefined;
  readonly length?: number;
}

function shapeOf({ name, shape }: OnnxPort, { batch, imageSize, length = 16 }: Wanted, given?: Shape): Shape {
  if (given !== undefined) {
    const fits = shape === undefined || shape.length === given.length;
    assertArgument(fits, `--input-shape ${name}`, `${shape?.length} sizes, as in [${shape}]`, `[${given}]`);
    return given;
  }
  if (shape === undefined) {
    const fix = `state one, such as --input-shape ${name}=2,3,224,224`;
    throw new InvalidArgumentError(expectation(`input ${name}`, "a shape", "none", fix));
  }
  return shape.map((size, axis) => {
    const isFree = typeof size === "string";
    if (axis === 0 || (isFree && /batch/i.test(size))) {
      // Several are kept: an exporter may have divided by their number to take a mean.
      return isFree || size === 1 ? (batch ?? (isFree ? 2 : size)) : size;
    }
    if (shape.length === 4 && axis >= 2) {
      return isFree ? (imageSize ?? 224) : Math.min(imageSize ?? size, size);
    }
    return isFree ? length : size;
  });
}

const same = (a: InputShapes, b: InputShapes): boolean =>
  Object.entries(a).every(([name, shape]) => String(shape) === String(b[name]));
