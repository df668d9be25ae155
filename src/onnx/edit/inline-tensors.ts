import type { Tensor } from "../../core/index.js";
import type { TensorProto } from "../proto/onnx_pb.js";
import { encodeTensor } from "../tensor-proto.js";
import type { Edit } from "./edit-onnx.js";

/** Brings tensors that a model keeps outside its file into it; `read` gives each by its name, if it can. */
export function inlineTensors(read: (name: string) => Tensor | undefined): Edit {
  const inlined = (proto: TensorProto, name: string): TensorProto => {
    const tensor = proto.externalData.length > 0 ? read(name) : undefined;
    return tensor ? encodeTensor(proto.name, tensor) : proto;
  };
  return (graph) => {
    graph.initializer = graph.initializer.map((proto) => inlined(proto, proto.name));
    for (const { attribute, output } of graph.node) {
      for (const each of attribute) if (each.t) each.t = inlined(each.t, output[0] ?? "");
    }
  };
}
