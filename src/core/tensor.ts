import { arrayTypes, type DType, type DTypeArrays } from "./dtype.js";
import { expectation, ShapeError } from "./errors.js";
import { type Shape, sizeOf } from "./shape.js";

/** A dense array: dtype, shape, and elements in row-major order. */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: Shape;
  readonly data: DTypeArrays[D];
}

/** Builds a tensor; the data may be plain numbers. Throws a {@link ShapeError} when the count does not fit the shape. */
export function tensor<D extends DType = "float32">(
  data: DTypeArrays[D] | readonly number[],
  shape: Shape = [data.length],
  dtype: D = "float32" as D,
): Tensor<D> {
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError(expectation("tensor", `${sizeOf(shape)} elements for shape [${shape}]`, data.length));
  }
  return { dtype, shape, data: toTyped(data, dtype) };
}

/** A scalar tensor. */
export function scalar<D extends DType = "float32">(value: number, dtype: D = "float32" as D): Tensor<D> {
  return tensor([value], [], dtype);
}

/** A tensor of zeros. */
export function zeros<D extends DType = "float32">(shape: Shape, dtype: D = "float32" as D): Tensor<D> {
  return { dtype, shape, data: new arrayTypes[dtype](sizeOf(shape)) as DTypeArrays[D] };
}

/** The elements as ordinary numbers (`float16` and `bfloat16` are not decoded). */
export function numbersOf(tensor: Tensor): number[] {
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}

function toTyped<D extends DType>(data: DTypeArrays[D] | readonly number[], dtype: D): DTypeArrays[D] {
  const type = arrayTypes[dtype];
  if (data instanceof type) return data as DTypeArrays[D];
  const numbers = data as readonly number[];
  return (
    dtype === "int64" ? BigInt64Array.from(numbers, BigInt) : (type as Float32ArrayConstructor).from(numbers)
  ) as DTypeArrays[D];
}
