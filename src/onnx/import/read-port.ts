import { DataError, expectation } from "../../core/index.js";
import type { ValueInfoProto } from "../proto/onnx_pb.js";
import type { OnnxPort, StatedSize } from "./onnx-file.js";
import { importedDtype, typeName } from "./read-tensor.js";

/** What a file states of a tensor; undefined if it is none, or of a type that has no dtype. */
export function readPort(where: string, { name, type }: ValueInfoProto): OnnxPort | undefined {
  if (type?.value.case !== "tensorType") return undefined;
  const { elemType, shape } = type.value.value;
  const dtype = importedDtype(elemType);
  if (dtype === undefined) return undefined;
  const sizes = shape?.dim.map(({ value }): StatedSize => {
    if (value.case === undefined) return "?";
    if (value.case === "dimParam") return value.value || "?";
    const size = Number(value.value);
    if (Number.isSafeInteger(size) && size >= 0) return size;
    throw new DataError(expectation(`${where}: ${name}`, "a size from 0", size, "the file is damaged"));
  });
  return { name, dtype, ...(sizes ? { shape: sizes } : {}) };
}

/** {@link readPort} for an input or output of the model, which must be a tensor of a known type. */
export function readModelPort(where: string, info: ValueInfoProto): OnnxPort {
  const port = readPort(where, info);
  if (port) return port;
  const { value } = info.type ?? {};
  const got =
    value?.case === "tensorType" ? `a tensor of ${typeName(value.value.elemType)}` : (value?.case ?? "no type");
  throw new DataError(
    expectation(`${where}: ${info.name}`, "a tensor of numbers", got, "only such inputs and outputs can be used"),
  );
}
