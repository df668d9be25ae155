import {
  bytesPerElement,
  DataError,
  type DType,
  expectation,
  type Shape,
  sizeOf,
  type Tensor,
} from "../../core/index.js";
import { type TensorProto, TensorProto_DataLocation, TensorProto_DataType } from "../proto/onnx_pb.js";
import { dtypeOf } from "../tensor-proto.js";
import { type ElementType, elementTypes } from "./element-types.js";
import type { OnnxInitializer } from "./onnx-file.js";

/** Data that a model keeps in files beside its own. */
export interface ExternalData {
  /** Bytes of the file at a location that the model names. Throws a DataError if it is not to be had. */
  size(location: string): number;
  /** A range of it, in memory of its own. Throws a DataError if it cannot be read. */
  read(location: string, offset: number, length: number): Uint8Array;
}

/** The dtype that stands for an ONNX type: its own, or a wider integer; undefined where there is none. */
export const importedDtype = (dataType: number): DType | undefined =>
  dtypeOf(dataType) ?? elementTypes[dataType]?.dtype;

/** What an ONNX type is called. */
export const typeName = (dataType: number): string =>
  (TensorProto_DataType[dataType] ?? `type ${dataType}`).toLowerCase();

/**
 * A tensor of a file whose elements wait to be read. That there are as many as its shape says is checked at once, before
 * any memory is taken for them.
 *
 * @returns undefined for an element type that has no dtype.
 * @throws DataError for a shape that is none, or data that does not fit it.
 */
export function readTensor(
  where: string,
  name: string,
  proto: TensorProto,
  isConstant: boolean,
  external: ExternalData | undefined,
): OnnxInitializer | undefined {
  const type = elementTypes[proto.dataType];
  if (type === undefined) return undefined;
  const at = `${where}: tensor ${name}`;
  const shape = checkedShape(at, proto.dims);
  const data = locate(at, proto, type, sizeOf(shape), external);
  const read = (): Tensor => ({ dtype: type.dtype, shape, data: data() });
  return { name, dtype: type.dtype, shape, isConstant, read };
}

/** Sizes of axes out of a file. Throws a DataError for one below 0, or more elements than can be counted. */
export function checkedShape(where: string, dims: readonly bigint[]): Shape {
  const shape = dims.map(Number);
  if (shape.some((size) => size < 0) || !Number.isSafeInteger(sizeOf(shape))) {
    throw new DataError(expectation(where, "sizes from 0 and a count below 2^53", `[${dims}]`, "the file is damaged"));
  }
  return shape;
}

/** Where the elements are, as a function that reads them. */
function locate(
  where: string,
  proto: TensorProto,
  type: ElementType,
  count: number,
  external: ExternalData | undefined,
): () => Tensor["data"] {
  const bytes = count * type.bytes;
  const require = (fits: boolean, expected: string, got: unknown): void => {
    if (!fits) throw new DataError(expectation(where, `${expected} for [${proto.dims}]`, got, "the file is damaged"));
  };
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL || proto.externalData.length > 0) {
    const { location, offset, length } = externalRange(where, proto, bytes);
    if (!external)
      throw new DataError(
        expectation(
          where,
          "data inside the file",
          `data in ${location}`,
          "read it from its folder by readOnnxFile, or save it as one file",
        ),
      );
    require(length === bytes, `a length of ${bytes} bytes`, length);
    const size = external.size(location);
    require(offset + length <= size, `bytes ${offset} to ${offset + length} of ${location}`, `${size} bytes`);
    return () => type.fromBytes(external.read(location, offset, length));
  }
  if (proto.rawData.length > 0) {
    require(proto.rawData.length === bytes, `${bytes} bytes`, proto.rawData.length);
    return () => type.fromBytes(new Uint8Array(proto.rawData));
  }
  const field = proto[type.field];
  require(field.length === count, `${count} elements`, field.length);
  return () => type.fromField(field);
}

function externalRange(
  where: string,
  { externalData }: TensorProto,
  bytes: number,
): { location: string; offset: number; length: number } {
  const entry = (key: string): string | undefined => externalData.find((each) => each.key === key)?.value;
  const number = (key: string, otherwise: number): number => {
    const text = entry(key) ?? String(otherwise);
    if (/^\d{1,15}$/.test(text)) return Number(text);
    throw new DataError(
      expectation(where, `external data whose ${key} is a number of bytes`, text, "the file is damaged"),
    );
  };
  const location = entry("location");
  if (!location)
    throw new DataError(expectation(where, "external data with a location", "none", "the file is damaged"));
  return { location, offset: number("offset", 0), length: number("length", bytes) };
}

/** What a tensor takes once it is read. */
export const bytesOf = ({ dtype, shape }: OnnxInitializer): number => sizeOf(shape) * bytesPerElement(dtype);
