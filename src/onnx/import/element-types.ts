import { arrayTypes, type DType, type Tensor } from "../../core/index.js";
import { TensorProto_DataType } from "../proto/onnx_pb.js";

/** The fields of a tensor that may hold its elements in place of raw bytes. */
type ElementField = "floatData" | "doubleData" | "int32Data" | "int64Data" | "uint64Data";

/** How the elements of one ONNX type are stored, and as what they are read. */
export interface ElementType {
  readonly dtype: DType;
  /** Bytes of an element in raw form. */
  readonly bytes: number;
  readonly field: ElementField;
  /** Elements out of little-endian bytes that are theirs to keep. */
  fromBytes(bytes: Uint8Array): Tensor["data"];
  fromField(values: readonly (number | bigint)[]): Tensor["data"];
}

type RawArray = new (buffer: ArrayBufferLike) => ArrayLike<number | bigint>;

/** @param Raw The array of the raw elements, where they are narrower than those of the dtype. */
function elementType(
  dtype: DType,
  field: ElementField,
  Raw: RawArray & { BYTES_PER_ELEMENT: number } = arrayTypes[dtype],
): ElementType {
  const Own = arrayTypes[dtype] as Int32ArrayConstructor;
  const toOwn = (values: ArrayLike<number | bigint>): Tensor["data"] =>
    dtype === "int64"
      ? BigInt64Array.from(values as ArrayLike<bigint>, BigInt)
      : (Own.from(values as ArrayLike<number>) as Tensor["data"]);
  return {
    dtype,
    bytes: Raw.BYTES_PER_ELEMENT,
    field,
    fromBytes({ buffer }) {
      const raw = new Raw(buffer);
      return raw instanceof Own ? (raw as Tensor["data"]) : toOwn(raw);
    },
    fromField: toOwn,
  };
}

const { FLOAT, DOUBLE, FLOAT16, BFLOAT16, INT64, INT32, INT16, INT8, UINT64, UINT32, UINT16, UINT8, BOOL } =
  TensorProto_DataType;

/** The element types that can be read, by ONNX's number. Integers that have no dtype here become wider ones. */
export const elementTypes: Readonly<Record<number, ElementType | undefined>> = {
  [FLOAT]: elementType("float32", "floatData"),
  [DOUBLE]: elementType("float64", "doubleData"),
  [FLOAT16]: elementType("float16", "int32Data"),
  [BFLOAT16]: elementType("bfloat16", "int32Data"),
  [INT64]: elementType("int64", "int64Data"),
  [INT32]: elementType("int32", "int32Data"),
  [INT16]: elementType("int32", "int32Data", Int16Array),
  [INT8]: elementType("int32", "int32Data", Int8Array),
  [UINT64]: elementType("int64", "uint64Data", BigUint64Array),
  [UINT32]: elementType("int64", "uint64Data", Uint32Array),
  [UINT16]: elementType("int32", "int32Data", Uint16Array),
  [UINT8]: elementType("uint8", "int32Data"),
  [BOOL]: elementType("bool", "int32Data"),
};
