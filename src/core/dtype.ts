/** Element types of tensors. `float16` and `bfloat16` are stored as their bits. */
export type DType = "float64" | "float32" | "float16" | "bfloat16" | "int64" | "int32" | "uint8" | "bool";

/** The typed array that holds a tensor's elements, by dtype. `bool` is one byte, 0 or 1. */
export interface DTypeArrays {
  float64: Float64Array;
  float32: Float32Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int64: BigInt64Array;
  int32: Int32Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

/** The constructors behind {@link DTypeArrays}. */
export const arrayTypes = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const satisfies Record<DType, unknown>;

/** Bytes of one element. */
export function bytesPerElement(dtype: DType): number {
  return arrayTypes[dtype].BYTES_PER_ELEMENT;
}

/** Whether gradients can flow through values of this dtype. */
export function isFloating(dtype: DType): boolean {
  return dtype === "float64" || dtype === "float32" || dtype === "float16" || dtype === "bfloat16";
}
