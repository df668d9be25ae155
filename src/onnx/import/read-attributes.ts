import { type AttributeProto, AttributeProto_AttributeType, type NodeProto } from "../proto/onnx_pb.js";
import type { OnnxAttribute } from "./onnx-file.js";
import { readTensor, typeName } from "./read-tensor.js";

const text = new TextDecoder();
const { FLOAT, INT, STRING, TENSOR, FLOATS, INTS, STRINGS } = AttributeProto_AttributeType;

/** The attributes of a node, by name. Throws a DataError for a tensor that is damaged. */
export function readAttributes(where: string, { attribute }: NodeProto): Map<string, OnnxAttribute> {
  return new Map(attribute.map((each) => [each.name, readAttribute(where, each)]));
}

function readAttribute(where: string, attribute: AttributeProto): OnnxAttribute {
  switch (attribute.type) {
    case FLOAT:
      return attribute.f;
    case INT:
      return Number(attribute.i);
    case STRING:
      return text.decode(attribute.s);
    case FLOATS:
      return attribute.floats;
    case INTS:
      return attribute.ints.map(Number);
    case STRINGS:
      return attribute.strings.map((each) => text.decode(each));
    case TENSOR: {
      if (!attribute.t) break;
      const tensor = readTensor(where, attribute.name, attribute.t, true, undefined);
      return tensor?.read() ?? { other: `tensor of ${typeName(attribute.t.dataType)}` };
    }
  }
  return { other: (AttributeProto_AttributeType[attribute.type] ?? `type ${attribute.type}`).toLowerCase() };
}
