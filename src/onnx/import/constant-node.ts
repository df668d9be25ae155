import { type DType, type Tensor, tensor } from "../../core/index.js";
import type { NodeProto } from "../proto/onnx_pb.js";
import type { OnnxInitializer } from "./onnx-file.js";
import { type ExternalData, readTensor, typeName } from "./read-tensor.js";

/** The tensor of a `Constant` node, or what it is in words; undefined for other nodes. Throws a DataError for a damaged one. */
export function constantOf(
  where: string,
  { opType, domain, output, attribute }: NodeProto,
  external?: ExternalData,
): OnnxInitializer | string | undefined {
  if (opType !== "Constant" || (domain !== "" && domain !== "ai.onnx")) return undefined;
  const name = output[0] ?? "";
  const [value] = attribute;
  const plain = (data: readonly number[], shape: readonly number[], dtype: DType): OnnxInitializer => {
    const read = (): Tensor => tensor(data, shape, dtype);
    return { name, dtype, shape, isConstant: true, read };
  };
  switch (value?.name) {
    case "value":
      if (!value.t) break;
      return readTensor(where, name, value.t, true, external) ?? `a tensor of ${typeName(value.t.dataType)}`;
    case "value_float":
      return plain([value.f], [], "float32");
    case "value_floats":
      return plain(value.floats, [value.floats.length], "float32");
    case "value_int":
      return plain([Number(value.i)], [], "int64");
    case "value_ints":
      return plain(value.ints.map(Number), [value.ints.length], "int64");
  }
  return `a constant given as ${value?.name ?? "nothing"}`;
}
