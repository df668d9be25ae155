import { create, toBinary } from "@bufbuild/protobuf";
import * as ort from "onnxruntime-node";
import { type Tensor, tensor } from "../../src/core/index.js";
import { averagePool2d, type Conv2dOptions, conv2d, Graph, maxPool2d, type Value } from "../../src/graph/index.js";
import {
  AttributeProto_AttributeType,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
} from "../../src/onnx/proto/onnx_pb.js";
import { decodeTensor } from "../../src/onnx/tensor-proto.js";
import { evaluate } from "../../src/reference/index.js";
import { fromBlocked, toBlocked } from "./blocked-layout.js";

type Float32Tensor = Tensor<"float32">;
type Named = ReadonlyMap<string, unknown>;

/**
 * Runs a model node by node: standard operators in ONNX Runtime, those on blocked tensors by the float64 reference, for
 * whatever block the model was written for. What it says of the blocked operators is compared with ONNX Runtime's own, at the
 * block that the machine has; so it stands for the machines that have another.
 */
export async function interpretOnnx(
  model: ModelProto,
  feeds: Readonly<Record<string, Tensor>>,
  block: number,
): Promise<Record<string, Tensor>> {
  const graph = model.graph!;
  const values = new Map<string, ort.Tensor>();
  for (const initializer of graph.initializer) values.set(initializer.name, toOrt(decodeTensor(initializer)));
  for (const [name, fed] of Object.entries(feeds)) values.set(name, toOrt(fed));
  for (const node of graph.node) {
    if (node.domain === "com.microsoft.nchwc") values.set(node.output[0]!, toOrt(blockedNode(node, values, block)));
    else await standardNode(node, values, model);
  }
  return Object.fromEntries(graph.output.map(({ name }) => [name, fromOrt(values.get(name)!)]));
}

async function standardNode(node: NodeProto, values: Map<string, ort.Tensor>, model: ModelProto): Promise<void> {
  const inputs = [...new Set(node.input.filter((name) => name !== ""))];
  const info = (name: string) => {
    const { type, dims } = values.get(name)!;
    const elemType = [
      "",
      "float32",
      "uint8",
      "int8",
      "uint16",
      "int16",
      "int32",
      "int64",
      "string",
      "bool",
      "float16",
      "float64",
    ];
    const dim = dims.map((size) => ({ value: { case: "dimValue" as const, value: BigInt(size) } }));
    const tensorType = { elemType: elemType.indexOf(type), shape: { dim } };
    return { name, type: { value: { case: "tensorType" as const, value: tensorType } } };
  };
  const single = create(ModelProtoSchema, {
    irVersion: model.irVersion,
    opsetImport: model.opsetImport,
    graph: create(GraphProtoSchema, {
      name: "single",
      node: [node],
      input: inputs.map(info),
      output: node.output.map((name) => ({ name })),
    }),
  });
  const session = await ort.InferenceSession.create(toBinary(ModelProtoSchema, single), {
    graphOptimizationLevel: "disabled",
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  const results = await session.run(Object.fromEntries(inputs.map((name) => [name, values.get(name)!])));
  for (const name of node.output) if (name !== "") values.set(name, results[name]!);
  await session.release();
}

function attributesOf({ attribute }: NodeProto): Named {
  const { FLOAT, FLOATS, INT, STRING } = AttributeProto_AttributeType;
  return new Map<string, unknown>(
    attribute.map(({ name, type, i, ints, f, floats, s }) => {
      if (type === INT) return [name, Number(i)];
      if (type === FLOAT) return [name, f];
      if (type === FLOATS) return [name, floats];
      if (type === STRING) return [name, new TextDecoder().decode(s)];
      return [name, ints.map(Number)];
    }),
  );
}

function blockedNode(node: NodeProto, values: ReadonlyMap<string, ort.Tensor>, block: number): Float32Tensor {
  const given = node.input.map((name) => (name === "" ? undefined : (fromOrt(values.get(name)!) as Float32Tensor)));
  const [x] = given as [Float32Tensor];
  const attributes = attributesOf(node);
  const channels = x.shape[1]!;
  const pool = (apply: (value: Value) => Value): Float32Tensor =>
    toBlocked(evaluated(apply, [fromBlocked(x, channels, block)]), block);
  switch (node.opType) {
    case "ReorderInput":
      return toBlocked(attributes.get("channels_last") === 1 ? channelsSecond(x) : x, block);
    case "ReorderOutput": {
      const plain = fromBlocked(x, attributes.get("channels") as number, block);
      return attributes.get("channels_last") === 1 ? channelsLast(plain) : plain;
    }
    case "Conv":
      return convolution(given, attributes, block);
    case "MaxPool":
      return pool((value) => maxPool2d(value, { ...windowOf(attributes), kernel: pairOf(attributes, "kernel_shape") }));
    case "AveragePool":
      return pool((value) =>
        averagePool2d(value, { ...windowOf(attributes), kernel: pairOf(attributes, "kernel_shape") }),
      );
    case "Upsample": {
      const [, , rows, columns] = attributes.get("scales") as [number, number, number, number];
      return pool((value) => repeated(repeated(value, 2, rows), 3, columns));
    }
    case "GlobalAveragePool":
      return pool((value) => averagePool2d(value, { kernel: [x.shape[2]!, x.shape[3]!] }));
    default:
      throw new Error(`${node.opType}: not interpreted`);
  }
}

/** Each slice of an axis so many times in a row. */
function repeated(x: Value, axis: number, times: number): Value {
  const { shape } = x;
  const apart = reshape(x, [...shape.slice(0, axis + 1), 1, ...shape.slice(axis + 1)]);
  const spread = broadcastTo(apart, [...shape.slice(0, axis + 1), times, ...shape.slice(axis + 1)]);
  return reshape(spread, shape.with(axis, shape[axis]! * times));
}

/** The three kinds of convolution, told apart as ONNX Runtime tells them apart. */
function convolution(given: readonly (Float32Tensor | undefined)[], attributes: Named, block: number): Float32Tensor {
  const [x, w, bias, sum] = given as [
    Float32Tensor,
    Float32Tensor,
    Float32Tensor | undefined,
    Float32Tensor | undefined,
  ];
  const groups = (attributes.get("group") as number | undefined) ?? 1;
  const perGroup = x.shape[1]! / groups;
  const [k, , height, width] = w.shape as [number, number, number, number];
  const depthwise = perGroup === 1 && k === groups;
  const plainInput = perGroup < block && !depthwise;
  const options: Conv2dOptions = { ...windowOf(attributes), groups };
  const taps = height * width;

  // Memory [K/b, C/b, taps, b, b], [K/b, C, taps, b] or [C/b, taps, b] → [K, C, taps].
  const c = depthwise ? 1 : perGroup;
  const filter = new Float32Array(k * c * taps);
  for (let out = 0; out < k; out++) {
    for (let input = 0; input < c; input++) {
      for (let tap = 0; tap < taps; tap++) {
        const [outBlock, outLane] = [Math.floor(out / block), out % block];
        const [inBlock, inLane] = [Math.floor(input / block), input % block];
        const at =
          depthwise || plainInput
            ? ((outBlock * c + input) * taps + tap) * block + outLane
            : (((outBlock * (c / block) + inBlock) * taps + tap) * block + inLane) * block + outLane;
        filter[(out * c + input) * taps + tap] = w.data[at]!;
      }
    }
  }
  const image = plainInput ? x : fromBlocked(x, x.shape[1]!, block);
  const y = evaluated((a, b) => conv2d(a, b!, options), [image, tensor(filter, [k, c, height, width])]);
  const [, , rows, columns] = y.shape as [number, number, number, number];
  const added = sum && fromBlocked(sum, k, block);
  const data = y.data.map((value, at) => {
    const channel = Math.floor(at / (rows * columns)) % k;
    return activated(value + (bias?.data[channel] ?? 0) + (added?.data[at] ?? 0), attributes);
  });
  return toBlocked(tensor(data, y.shape), block);
}

function activated(value: number, attributes: Named): number {
  const [a, b] = (attributes.get("activation_params") ?? []) as number[];
  switch (attributes.get("activation")) {
    case undefined:
      return value;
    case "Relu":
      return Math.max(value, 0);
    case "Clip":
      return Math.min(Math.max(value, a!), b!);
    case "HardSigmoid":
      return Math.min(Math.max(a! * value + b!, 0), 1);
    default:
      throw new Error(`${attributes.get("activation")}: not interpreted`);
  }
}

function windowOf(
  attributes: Named,
): Pick<Conv2dOptions, "stride" | "dilation"> & { padding: [number, number, number, number] } {
  return {
    stride: pairOf(attributes, "strides"),
    dilation: pairOf(attributes, "dilations"),
    padding: (attributes.get("pads") ?? [0, 0, 0, 0]) as [number, number, number, number],
  };
}

const pairOf = (attributes: Named, name: string): [number, number] =>
  (attributes.get(name) ?? [1, 1]) as [number, number];

/** [N, H, W, C] → [N, C, H, W]. */
function channelsSecond({ data, shape }: Float32Tensor): Float32Tensor {
  const [n, height, width, c] = shape as [number, number, number, number];
  const pixels = height * width;
  const moved = Float32Array.from(data, (_, at) => {
    const [image, rest] = [Math.floor(at / (c * pixels)), at % (c * pixels)];
    return data[(image * pixels + (rest % pixels)) * c + Math.floor(rest / pixels)]!;
  });
  return tensor(moved, [n, c, height, width]);
}

/** [N, C, H, W] → [N, H, W, C]. */
function channelsLast({ data, shape }: Float32Tensor): Float32Tensor {
  const [n, c, height, width] = shape as [number, number, number, number];
  const pixels = height * width;
  const moved = Float32Array.from(data, (_, at) => {
    const [image, rest] = [Math.floor(at / (c * pixels)), at % (c * pixels)];
    return data[(image * c + (rest % c)) * pixels + Math.floor(rest / c)]!;
  });
  return tensor(moved, [n, height, width, c]);
}

function evaluated(build: (first: Value, second?: Value) => Value, inputs: readonly Float32Tensor[]): Float32Tensor {
  const graph = new Graph();
  const values = inputs.map(({ shape }, index) => graph.input(`input${index}`, shape));
  const [result] = evaluate(
    [build(values[0]!, values[1])],
    Object.fromEntries(inputs.map((input, index) => [`input${index}`, input])),
  );
  return tensor(Float32Array.from(result!.data as Float64Array), result!.shape);
}

function toOrt({ dtype, shape, data }: Tensor): ort.Tensor {
  const held = dtype === "float64" ? Float32Array.from(data as Float64Array) : data;
  return new ort.Tensor((dtype === "float64" ? "float32" : dtype) as "float32", held as Float32Array, shape);
}

const fromOrt = ({ type, dims, data }: ort.Tensor): Tensor => ({ dtype: type, shape: dims, data }) as unknown as Tensor;
