import { DataError, type DType, expectation, fromFloat16Bits, type Shape, type Tensor } from "../../core/index.js";
import type { WeightTensor } from "../../dynamics/index.js";
import { floatTensor } from "./float-tensor.js";

const dtypes: Readonly<Record<string, DType>> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
};

/** What a byte of the eight-bit floats stands for. */
const narrow: Readonly<Record<string, (byte: number) => number>> = {
  F8_E5M2: (byte) => fromFloat16Bits(byte << 8), // the upper half of a float16
  F8_E4M3: fromE4M3,
};

/** Whether a type of safetensors is a floating-point one. */
export function isFloatType(type: string): boolean {
  return Object.hasOwn(dtypes, type) || Object.hasOwn(narrow, type);
}

/**
 * Elements of a floating-point type of safetensors, from their bytes (little-endian, at any address): float64 as they are,
 * all others as float32.
 *
 * @throws DataError for a type that is not floating.
 */
export function decodeFloats(type: string, shape: Shape, bytes: Uint8Array, where: string): WeightTensor {
  const decode = Object.hasOwn(narrow, type) ? narrow[type] : undefined;
  if (decode) return { dtype: "float32", shape, data: Float32Array.from(bytes, decode) };
  const dtype = Object.hasOwn(dtypes, type) ? dtypes[type]! : undefined;
  if (dtype === undefined) throw notFloating(where, type);
  const own = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
  const view = { float64: Float64Array, float32: Float32Array, float16: Uint16Array, bfloat16: Uint16Array }[
    dtype as "float64" | "float32" | "float16" | "bfloat16"
  ];
  const data = new view(own.buffer as ArrayBuffer, own.byteOffset, own.byteLength / view.BYTES_PER_ELEMENT);
  return floatTensor({ dtype, shape, data } as Tensor);
}

/** The error of reading integers as weights. */
export function notFloating(where: string, type: string): DataError {
  return new DataError(expectation(where, "a tensor of floating-point numbers", type, "leave it out"));
}

/** The eight-bit float without infinities: 4 bits of exponent with bias 7, 3 of mantissa; all ones are NaN. */
function fromE4M3(byte: number): number {
  const sign = byte & 0x80 ? -1 : 1;
  const [exponent, mantissa] = [(byte >> 3) & 15, byte & 7];
  if (exponent === 15 && mantissa === 7) return Number.NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -9 : (1 + mantissa / 8) * 2 ** (exponent - 7));
}
