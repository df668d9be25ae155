import { type Shape, sizeOf } from "../../../../core/index.js";

// Milliseconds on one thread, measured on a machine with AVX-512 (2.6e11 float32 operations/s at best). Only proportions matter.

/** Bytes that a pass over memory reads or writes in a millisecond. */
const bandwidth = 4e7;

/** Passes over float32 tensors of a shape, each reading or writing it once. */
export const passes = (count: number, shape: Shape): number => (count * 4 * sizeOf(shape)) / bandwidth;

/** Multiplications and additions of a convolution or of one of its gradients, padding included: 2 N H′ W′ for each weight. */
export const convolutionOperations = (wShape: Shape, yShape: Shape): number =>
  (2 * sizeOf(wShape) * sizeOf(yShape)) / yShape[1]!;

/** Rates of convolutions in 1e9 operations/s. */
export const convolutionRates = { blocked: 240, portable: 120, portableGrouped: 20 };

/** Arithmetic at a rate in 1e9 operations/s. */
export const arithmetic = (operations: number, rate: number): number => operations / (rate * 1e6);
