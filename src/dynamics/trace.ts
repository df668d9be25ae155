import { expectation, type Shape, ShapeError, sameShape, sizeOf, type Tensor } from "../core/index.js";

/** A weight tensor whose axis 0 is the output channel. */
export type WeightTensor = Tensor<"float32" | "float64">;

/**
 * ‖w‖₂ of each channel (axis 0), over all other axes; summed in float64.
 *
 * @throws ShapeError if the tensor is a scalar.
 */
export function channelNorms(weight: WeightTensor): Float64Array {
  return perChannel("channelNorms", weight.shape, (from, to) => norm(weight.data, from, to));
}

/**
 * The angle in radians, per channel, between the directions of two weights: 2·asin(‖ŵ' − ŵ‖/2). The chord keeps its digits
 * for small angles, where an arc cosine has lost them (at 7·10⁻⁴ rad, float32's is 10% wrong).
 * NaN for a channel whose norm is 0 in either: it has no direction.
 *
 * @throws ShapeError if the shapes differ or the tensors are scalars.
 */
export function rotations(before: WeightTensor, after: WeightTensor): Float64Array {
  return perChannel("rotations", pairShape("rotations", before, after), (from, to) => {
    const [a, b] = [before.data, after.data];
    const [normA, normB] = [norm(a, from, to), norm(b, from, to)];
    let squaredChord = 0;
    for (let i = from; i < to; i++) squaredChord += (a[i]! / normA - b[i]! / normB) ** 2;
    return 2 * Math.asin(Math.min(1, Math.sqrt(squaredChord) / 2));
  });
}

/**
 * The cosine, per channel, between the directions of two weights, ⟨w, w'⟩/(‖w‖‖w'‖); summed in float64.
 * NaN for a channel whose norm is 0 in either: it has no direction.
 *
 * @throws ShapeError if the shapes differ or the tensors are scalars.
 */
export function cosines(a: WeightTensor, b: WeightTensor): Float64Array {
  return perChannel("cosines", pairShape("cosines", a, b), (from, to) => {
    let product = 0;
    for (let i = from; i < to; i++) product += a.data[i]! * b.data[i]!;
    return product / (norm(a.data, from, to) * norm(b.data, from, to));
  });
}

function norm(data: Float32Array | Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += data[i]! * data[i]!;
  return Math.sqrt(sum);
}

/** Calls `measure` with the range of elements that each channel occupies. */
function perChannel(where: string, shape: Shape, measure: (from: number, to: number) => number): Float64Array {
  const [channels, ...rest] = shape;
  if (channels === undefined) throw new ShapeError(expectation(where, "a tensor with a channel axis", `[${shape}]`));
  const size = sizeOf(rest);
  return Float64Array.from({ length: channels }, (_, channel) => measure(channel * size, (channel + 1) * size));
}

function pairShape(where: string, a: WeightTensor, b: WeightTensor): Shape {
  if (!sameShape(a.shape, b.shape)) {
    throw new ShapeError(expectation(where, `two tensors of one shape ([${a.shape}])`, `[${b.shape}]`));
  }
  return a.shape;
}
