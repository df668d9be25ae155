import { create } from "@bufbuild/protobuf";
import type { Shape } from "../../core/index.js";
import {
  type TensorShapeProto_Dimension,
  TensorShapeProto_DimensionSchema,
  type ValueInfoProto,
} from "../proto/onnx_pb.js";
import type { Edit } from "./edit-onnx.js";

/**
 * States the sizes that a model's first input has been used with, where the file has fixed others: a batch becomes free, in the
 * outputs too, any other axis gets its new size. What the file states of values between its nodes is then taken away.
 */
export function restateSizes(used: Shape): Edit {
  return (graph) => {
    const input = sizesOf(graph.input.find(({ name }) => graph.initializer.every((held) => held.name !== name)));
    const differing = input.flatMap((size, axis) =>
      size.value.case === "dimValue" && Number(size.value.value) !== used[axis] ? [axis] : [],
    );
    if (differing.length === 0) return;
    for (const axis of differing) input[axis] = axis === 0 ? free("batch") : fixed(used[axis]!);
    if (differing.includes(0)) for (const output of graph.output) sizesOf(output).splice(0, 1, free("batch"));
    graph.valueInfo = [];
  };
}

/** The sizes that an input or output states, to be changed in place. */
function sizesOf(info: ValueInfoProto | undefined): TensorShapeProto_Dimension[] {
  const stated = info?.type?.value;
  return (stated?.case === "tensorType" && stated.value.shape?.dim) || [];
}

const free = (value: string) => create(TensorShapeProto_DimensionSchema, { value: { case: "dimParam", value } });
const fixed = (size: number) =>
  create(TensorShapeProto_DimensionSchema, { value: { case: "dimValue", value: BigInt(size) } });
