import { create } from "@bufbuild/protobuf";
import { type AttributeProto, AttributeProto_AttributeType, AttributeProtoSchema } from "../proto/onnx_pb.js";

/** The value of a node's attribute. A plain number is an integer; a float says so, and so do several. */
export type AttributeValue =
  | number
  | readonly number[]
  | string
  | { readonly float: number }
  | { readonly floats: readonly number[] };

/** Attributes of a node, by name. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** An attribute as ONNX stores it. */
export function encodeAttribute(name: string, value: AttributeValue): AttributeProto {
  const { FLOAT, FLOATS, INT, INTS, STRING } = AttributeProto_AttributeType;
  if (typeof value === "number") return create(AttributeProtoSchema, { name, type: INT, i: BigInt(value) });
  if (typeof value === "string") {
    return create(AttributeProtoSchema, { name, type: STRING, s: new TextEncoder().encode(value) });
  }
  if ("float" in value) return create(AttributeProtoSchema, { name, type: FLOAT, f: value.float });
  if ("floats" in value) return create(AttributeProtoSchema, { name, type: FLOATS, floats: [...value.floats] });
  return create(AttributeProtoSchema, { name, type: INTS, ints: value.map(BigInt) });
}
