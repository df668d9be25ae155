import { create } from "@bufbuild/protobuf";
import { DataError, expectation, type Shape, type Tensor } from "../../core/index.js";
import { type GraphProto, type NodeProto, TensorShapeProto_DimensionSchema } from "../proto/onnx_pb.js";
import { type Edit, heldTensor, holdTensor, integerOf } from "./edit-onnx.js";

/** Makes the values of a new tensor, by its name; `inputs` is the number of features that each output is made of. */
export type HeadValues = (name: string, shape: Shape, inputs: number) => Float32Array;

/** The tensors of the last linear layer. */
interface Head {
  readonly weight: string;
  /** Which axis of the weight numbers the outputs. */
  readonly axis: 0 | 1;
  readonly bias?: string;
  /** Whose outputs change their size. */
  readonly nodes: readonly NodeProto[];
}

const passed = new Set(["Softmax", "LogSoftmax", "Identity"]);

/**
 * Gives a classifier other classes: the weight and bias of the last linear layer (`Gemm`, or `MatMul` and `Add`) that the first output
 * comes from are replaced by new ones, and the output states its new size.
 *
 * @throws DataError if the output does not come from a linear layer with a weight of its own.
 */
export function replaceHead(classes: number, values: HeadValues): Edit {
  return (graph) => {
    const head = headOf(graph);
    const { shape } = heldTensor(graph, head.weight)!;
    const inputs = shape[1 - head.axis]!;
    const hold = (name: string, to: Shape): void => {
      const tensor: Tensor = { dtype: "float32", shape: to, data: values(name, to, inputs) };
      holdTensor(graph, name, tensor);
    };
    hold(head.weight, head.axis === 0 ? [classes, inputs] : [inputs, classes]);
    if (head.bias !== undefined) hold(head.bias, [classes]);
    const changed = new Set(head.nodes.flatMap(({ output }) => output));
    graph.valueInfo = graph.valueInfo.filter(({ name }) => !changed.has(name));
    const stated = graph.output[0]?.type?.value;
    const dims = stated?.case === "tensorType" ? stated.value.shape?.dim : undefined;
    if (dims && dims.length > 0) {
      const value = { case: "dimValue", value: BigInt(classes) } as const;
      dims[dims.length - 1] = create(TensorShapeProto_DimensionSchema, { value });
    }
  };
}

function headOf(graph: GraphProto): Head {
  const nodes: NodeProto[] = [];
  let name = graph.output[0]?.name ?? "";
  let bias: string | undefined;
  for (;;) {
    const node = graph.node.find(({ output }) => output.includes(name));
    if (node === undefined) throw without(graph, "an input");
    nodes.push(node);
    const [first = "", second = "", third = ""] = node.input;
    if (passed.has(node.opType)) name = first;
    else if (node.opType === "Add" && bias === undefined) {
      const held = [first, second].find((input) => heldTensor(graph, input)?.shape.length === 1);
      if (held === undefined) throw without(graph, "a sum");
      [bias, name] = [held, held === first ? second : first];
    } else if (node.opType === "Gemm" || node.opType === "MatMul") {
      const [weight, transposed] = weightOf(graph, second);
      if (weight === undefined) throw without(graph, "a product with what is computed");
      const across = transposed !== (node.opType === "Gemm" && integerOf(node, "transB", 0) === 1);
      const own = third === "" ? bias : third;
      return { weight, axis: across ? 0 : 1, nodes, ...(own === undefined ? {} : { bias: own }) };
    } else throw without(graph, node.opType);
  }
}

/** The tensor that a weight is, by itself or transposed; none where others use it too. */
function weightOf(graph: GraphProto, name: string): readonly [name: string | undefined, transposed: boolean] {
  const before = graph.node.find(({ output, opType }) => opType === "Transpose" && output[0] === name);
  const held = before ? before.input[0]! : name;
  const uses = graph.node.filter(({ input }) => input.includes(held)).length;
  const fits = uses === 1 && heldTensor(graph, held)?.shape.length === 2;
  return [fits ? held : undefined, before !== undefined];
}

const without = (graph: GraphProto, got: string): DataError =>
  new DataError(
    expectation(
      `new head for ${graph.output[0]?.name ?? "no output"}`,
      "an output of a linear layer with a weight of its own",
      got,
      "replace the last layer before exporting the model",
    ),
  );
