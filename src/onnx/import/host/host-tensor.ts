import {
  arrayTypes,
  type DType,
  fromBfloat16Bits,
  fromFloat16Bits,
  isFloating,
  type Shape,
  sizeOf,
  type Tensor,
} from "../../../core/index.js";

/**
 * A tensor whose elements are known while a model is imported, such as a shape. They are float64, rounded to float32 for
 * all floating-point types and whole for integers.
 */
export interface HostTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: Float64Array;
}

const decoders: Partial<Record<DType, (bits: number) => number>> = {
  float16: fromFloat16Bits,
  bfloat16: fromBfloat16Bits,
};

/** The dtype in which numbers of a file are computed with: float32 for every floating-point one. */
export const computedDtype = (dtype: DType): DType => (isFloating(dtype) ? "float32" : dtype);

/** A tensor of the file, to compute with. */
export function hostTensor({ dtype, shape, data }: Tensor): HostTensor {
  const decode = decoders[dtype] ?? Number;
  return rounded(computedDtype(dtype), shape, Float64Array.from(data as ArrayLike<number>, decode));
}

/** Elements as a dtype holds them. */
export function rounded(dtype: DType, shape: Shape, data: Float64Array): HostTensor {
  if (isFloating(dtype)) for (let i = 0; i < data.length; i++) data[i] = Math.fround(data[i]!);
  else if (dtype === "bool") for (let i = 0; i < data.length; i++) data[i] = data[i] === 0 ? 0 : 1;
  else for (let i = 0; i < data.length; i++) data[i] = Math.trunc(data[i]!);
  return { dtype: computedDtype(dtype), shape, data };
}

/** A vector of int64, as shapes and axes are. */
export const hostInts = (values: readonly number[]): HostTensor => ({
  dtype: "int64",
  shape: [values.length],
  data: Float64Array.from(values),
});

/** A tensor of one number. */
export const filled = (value: number, shape: Shape, dtype: DType): HostTensor => ({
  dtype,
  shape,
  data: new Float64Array(sizeOf(shape)).fill(value),
});

const largest = 2n ** 63n - 1n;
/** A whole number as an int64, the largest one for what is beyond. */
function toInt64(value: number): bigint {
  if (!Number.isFinite(value)) return value > 0 ? largest : -largest - 1n;
  const whole = BigInt(value);
  return whole > largest ? largest : whole;
}

/** As a tensor of its dtype. */
export function toTensor({ dtype, shape, data }: HostTensor): Tensor {
  if (dtype === "int64")
    return {
      dtype,
      shape,
      data: BigInt64Array.from(data as unknown as ArrayLike<bigint>, toInt64 as unknown as (value: bigint) => bigint),
    };
  return { dtype, shape, data: (arrayTypes[dtype] as Float32ArrayConstructor).from(data) };
}
