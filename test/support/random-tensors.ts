import { randomStream, type Shape, sizeOf, type Tensor, tensor } from "../../src/core/index.js";

/** Seeded normal numbers (float32, so that every runtime receives exactly the same ones). */
export function normal(key: string, shape: Shape, mean = 0, deviation = 1): Tensor<"float32"> {
  const random = randomStream(1, "test", key);
  return tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => mean + deviation * random.normal()),
    shape,
  );
}

/** Seeded uniform numbers in [low, high). */
export function uniform(key: string, shape: Shape, low: number, high: number): Tensor<"float32"> {
  const random = randomStream(1, "test", key);
  return tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => low + (high - low) * random.uniform()),
    shape,
  );
}

/**
 * The numbers …, −0.375, −0.125, 0.125, 0.375, … in random order, plus `shift`: no two are equal and none is 0, so
 * that kinks (maxima, absolute values) are far away for finite differences. Two tensors whose shifts differ by 0.0625
 * have no element in common.
 */
export function distinct(key: string, shape: Shape, shift = 0): Tensor<"float32"> {
  const size = sizeOf(shape);
  const order = randomStream(1, "test", key).permutation(size);
  const middle = Math.floor(size / 2);
  return tensor(
    Float32Array.from(order, (rank) => (rank - middle + 0.5) * 0.25 + shift),
    shape,
  );
}

/** Seeded numbers of a few small integers, so that many are equal. */
export function tied(key: string, shape: Shape, levels = 3): Tensor<"float32"> {
  const random = randomStream(1, "test", key);
  return tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => random.integer(levels) - 1),
    shape,
  );
}

/** Seeded integers in [0, bound). */
export function integers<D extends "int32" | "int64">(key: string, shape: Shape, bound: number, dtype: D): Tensor<D> {
  const random = randomStream(1, "test", key);
  return tensor(
    Array.from({ length: sizeOf(shape) }, () => random.integer(bound)),
    shape,
    dtype,
  );
}

/** Seeded truth values. */
export function bools(key: string, shape: Shape): Tensor<"bool"> {
  const random = randomStream(1, "test", key);
  return tensor(
    Array.from({ length: sizeOf(shape) }, () => random.integer(2)),
    shape,
    "bool",
  );
}
