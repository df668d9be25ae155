import {
  arrayTypes,
  type DType,
  expectation,
  fromBfloat16Bits,
  fromFloat16Bits,
  InvalidArgumentError,
  isFloating,
  type Tensor,
  toBfloat16Bits,
  toFloat16Bits,
} from "../core/index.js";

/** A number to what an element of a narrow float stores. */
const encoders: Partial<Record<DType, (value: number) => number>> = {
  float16: toFloat16Bits,
  bfloat16: toBfloat16Bits,
};

/** What an element of a narrow float stores to the number it stands for. */
const decoders: Partial<Record<DType, (bits: number) => number>> = {
  float16: fromFloat16Bits,
  bfloat16: fromBfloat16Bits,
};

/**
 * A tensor in another floating-point dtype: rounded to nearest even, overflowing to infinity. A tensor that has the
 * dtype already is returned as it is.
 *
 * @throws InvalidArgumentError between dtypes of which one is not a floating-point one.
 */
export function convertTensor(tensor: Tensor, dtype: DType): Tensor {
  if (tensor.dtype === dtype) return tensor;
  if (!isFloating(tensor.dtype) || !isFloating(dtype)) {
    throw new InvalidArgumentError(
      expectation("convertTensor", `a tensor of ${dtype}`, tensor.dtype, "only floating-point data is converted"),
    );
  }
  const source = tensor.data as ArrayLike<number>;
  const target = new arrayTypes[dtype](source.length) as Float32Array;
  const decode = decoders[tensor.dtype];
  const encode = encoders[dtype];
  if (!decode && !encode) target.set(source);
  else {
    for (let i = 0; i < source.length; i++) {
      const value = decode ? decode(source[i]!) : source[i]!;
      target[i] = encode ? encode(value) : value;
    }
  }
  return { dtype, shape: tensor.shape, data: target };
}
