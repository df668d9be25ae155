import { create } from "@bufbuild/protobuf";
import { arrayTypes, DataError, type DType, expectation, sizeOf, type Tensor } from "../core/index.js";
import { type TensorProto, TensorProto_DataType, TensorProtoSchema } from "./proto/onnx_pb.js";

/** ONNX's number for each dtype. */
export const dataTypeOf = {
  float64: TensorProto_DataType.DOUBLE,
  float32: TensorProto_DataType.FLOAT,
  float16: TensorProto_DataType.FLOAT16,
  bfloat16: TensorProto_DataType.BFLOAT16,
  int64: TensorProto_DataType.INT64,
  int32: TensorProto_DataType.INT32,
  uint8: TensorProto_DataType.UINT8,
  bool: TensorProto_DataType.BOOL,
} as const satisfies Record<DType, TensorProto_DataType>;

const dtypes = new Map<number, DType>(
  Object.entries(dataTypeOf).map(([dtype, dataType]) => [dataType, dtype as DType]),
);

/** The dtype that ONNX numbers so; `undefined` for types that Normwise does not compute with. */
export function dtypeOf(dataType: number): DType | undefined {
  return dtypes.get(dataType);
}

/** A tensor as ONNX stores it: raw little-endian bytes, which are not copied. */
export function encodeTensor(name: string, { dtype, shape, data }: Tensor): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: dataTypeOf[dtype],
    rawData: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
  });
}

/**
 * A tensor out of an ONNX file, from raw bytes or from the field that its type is assigned to.
 *
 * @throws DataError for a type outside {@link DType}, data in another file, or a count that does not fit the shape.
 */
export function decodeTensor(proto: TensorProto): Tensor {
  const where = `tensor ${proto.name}`;
  const dtype = dtypeOf(proto.dataType);
  if (dtype === undefined) {
    throw new DataError(expectation(where, `one of ${Object.keys(dataTypeOf).join(", ")}`, typeName(proto.dataType)));
  }
  if (proto.externalData.length > 0) {
    const location = proto.externalData.find(({ key }) => key === "location")?.value;
    throw new DataError(expectation(where, "data inside the file", `data in ${location}`, "save it as one file"));
  }
  const shape = proto.dims.map(Number);
  const type = arrayTypes[dtype];
  const data = proto.rawData.length > 0 ? aligned(proto.rawData, type) : typedField(proto, dtype);
  if (data.length !== sizeOf(shape)) {
    throw new DataError(
      expectation(where, `${sizeOf(shape)} elements for [${shape}]`, data.length, "the file is damaged"),
    );
  }
  return { dtype, shape, data };
}

const typeName = (dataType: number): string => TensorProto_DataType[dataType] ?? `type ${dataType}`;

/** The bytes as elements; copied, because a file gives them at any address (and Node's Buffer.slice copies nothing). */
function aligned(bytes: Uint8Array, type: (typeof arrayTypes)[DType]): Tensor["data"] {
  const whole = bytes.length - (bytes.length % type.BYTES_PER_ELEMENT);
  return new type(Uint8Array.prototype.slice.call(bytes, 0, whole).buffer);
}

function typedField(proto: TensorProto, dtype: DType): Tensor["data"] {
  if (dtype === "float32") return Float32Array.from(proto.floatData);
  if (dtype === "float64") return Float64Array.from(proto.doubleData);
  if (dtype === "int64") return BigInt64Array.from(proto.int64Data);
  return (arrayTypes[dtype] as Int32ArrayConstructor).from(proto.int32Data) as Tensor["data"];
}
