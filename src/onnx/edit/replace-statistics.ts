import { create } from "@bufbuild/protobuf";
import { assertArgument } from "../../core/index.js";
import { AttributeProto_AttributeType, AttributeProtoSchema } from "../proto/onnx_pb.js";
import { dropUnused, type Edit, holdTensor } from "./edit-onnx.js";

/** What a batch-norm subtracts and divides by, per channel. */
export interface NormStatistics {
  readonly mean: ArrayLike<number>;
  /** All of it: ε is not added any more. */
  readonly divisor: ArrayLike<number>;
}

/**
 * Gives the batch-norms of a model in evaluation form other statistics, in the order of its nodes. Whatever measured them,
 * the operator stays the standard one: its variance is the divisor's square, and its ε is 0.
 *
 * @throws InvalidArgumentError if there are not as many as batch-norms.
 */
export function replaceStatistics(statistics: readonly NormStatistics[]): Edit {
  return (graph) => {
    const norms = graph.node.filter(({ opType }) => opType === "BatchNormalization");
    const expected = `statistics of ${norms.length} batch-norms`;
    assertArgument(norms.length === statistics.length, "replaceStatistics", expected, statistics.length);
    for (const [place, norm] of norms.entries()) {
      const { mean, divisor } = statistics[place]!;
      // Names of their own: exporters let equal tensors, such as means of 0, be one.
      const names = ["mean", "variance"].map((kind) => `${norm.output[0]}/${kind}`) as [string, string];
      const hold = (name: string, values: Float32Array): void =>
        holdTensor(graph, name, { dtype: "float32", shape: [values.length], data: values });
      hold(names[0], Float32Array.from(mean));
      hold(
        names[1],
        Float32Array.from(divisor, (value) => value ** 2),
      );
      norm.input = [...norm.input.slice(0, 3), ...names];
      norm.attribute = [
        ...norm.attribute.filter(({ name }) => name !== "epsilon"),
        create(AttributeProtoSchema, { name: "epsilon", type: AttributeProto_AttributeType.FLOAT, f: 0 }),
      ];
    }
    dropUnused(graph);
  };
}
