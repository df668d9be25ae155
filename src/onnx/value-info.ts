import { create } from "@bufbuild/protobuf";
import type { ValueType } from "../graph/index.js";
import { type ValueInfoProto, ValueInfoProtoSchema } from "./proto/onnx_pb.js";
import { dataTypeOf } from "./tensor-proto.js";

/** What an ONNX file says of an input or output: name, element type and shape, its first size perhaps left free. */
export function valueInfo(name: string, { dtype, shape }: ValueType, freeBatch = false): ValueInfoProto {
  const dim = shape.map((size, axis) =>
    freeBatch && axis === 0
      ? { value: { case: "dimParam" as const, value: "batch" } }
      : { value: { case: "dimValue" as const, value: BigInt(size) } },
  );
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType: dataTypeOf[dtype], shape: { dim } } } },
  });
}
