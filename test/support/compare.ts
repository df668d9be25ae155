import {
  fromBfloat16Bits,
  fromFloat16Bits,
  isFloating,
  numbersOf,
  sameShape,
  type Tensor,
} from "../../src/core/index.js";

/** Bounds of a comparison; each one that is given must hold. */
export interface Tolerance {
  /** Of ‖actual − expected‖₂ / ‖expected‖₂ over the whole tensor. */
  readonly relative?: number;
  /** Of max |actual − expected|. */
  readonly absolute?: number;
}

/** How far two tensors are apart. */
export interface Difference {
  /** ‖actual − expected‖₂ / ‖expected‖₂; 0 where both norms are 0, infinite where only the expected one is. */
  readonly relative: number;
  /** max |actual − expected|. */
  readonly absolute: number;
  /** The element (row-major) with the largest difference. */
  readonly at: number;
}

/**
 * Measures how far two tensors of one shape are apart. NaN agrees with NaN only, and an infinity with itself only; any
 * other pair with one of them is infinitely far apart.
 */
export function difference(actual: Tensor, expected: Tensor): Difference {
  const [a, e] = [elementsOf(actual), elementsOf(expected)];
  let [squares, norm, absolute, at] = [0, 0, 0, 0];
  for (const [i, value] of e.entries()) {
    const agree = Object.is(a[i], value) || a[i] === value;
    const distance = agree ? 0 : Math.abs(a[i]! - value);
    const error = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
    squares += error ** 2;
    if (Number.isFinite(value)) norm += value ** 2;
    if (error > absolute) [absolute, at] = [error, i];
  }
  return { relative: squares === 0 ? 0 : Math.sqrt(squares / norm), absolute, at };
}

/**
 * Throws unless two tensors have one shape, are both floating or of one dtype, and differ by no more than the tolerance.
 * Float widths may differ: the reference answers in float64.
 */
export function expectClose(actual: Tensor, expected: Tensor, tolerance: Tolerance, what = "tensor"): void {
  const kinds = actual.dtype === expected.dtype || (isFloating(actual.dtype) && isFloating(expected.dtype));
  if (!kinds || !sameShape(actual.shape, expected.shape) || elementsOf(actual).length !== elementsOf(expected).length) {
    throw new Error(`${what}: expected ${typeName(expected)}, got ${typeName(actual)}`);
  }
  const { relative = Number.POSITIVE_INFINITY, absolute = Number.POSITIVE_INFINITY } = tolerance;
  if (!(Math.min(relative, absolute) >= 0 && Math.min(relative, absolute) < Number.POSITIVE_INFINITY)) {
    throw new Error(`${what}: expected a tolerance that bounds something, got ${JSON.stringify(tolerance)}`);
  }
  const found = difference(actual, expected);
  if (found.relative <= relative && found.absolute <= absolute) return;
  throw new Error(
    `${what}: relative L2 error ${found.relative.toExponential(2)} (allowed ${relative}), ` +
      `largest difference ${found.absolute.toExponential(2)} (allowed ${absolute}) at element ${found.at} of ` +
      `${typeName(expected)}: expected ${elementsOf(expected)[found.at]}, got ${elementsOf(actual)[found.at]}`,
  );
}

/** Throws unless two records of tensors have the same names and each pair is close; see {@link expectClose}. */
export function expectAllClose(
  actual: Readonly<Record<string, Tensor>>,
  expected: Readonly<Record<string, Tensor>>,
  tolerance: Tolerance,
): void {
  const [got, wanted] = [Object.keys(actual).sort(), Object.keys(expected).sort()];
  if (got.join("\n") !== wanted.join("\n"))
    throw new Error(`expected tensors ${wanted.join(", ")}, got ${got.join(", ")}`);
  for (const name of wanted) expectClose(actual[name]!, expected[name]!, tolerance, name);
}

function typeName({ dtype, shape }: Tensor): string {
  return `${dtype}[${shape}]`;
}

function elementsOf(tensor: Tensor): number[] {
  const decode = { float16: fromFloat16Bits, bfloat16: fromBfloat16Bits } as Record<string, (bits: number) => number>;
  const numbers = numbersOf(tensor);
  const decoder = decode[tensor.dtype];
  return decoder ? numbers.map(decoder) : numbers;
}
