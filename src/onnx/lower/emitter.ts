import { create } from "@bufbuild/protobuf";
import { type DType, type Shape, sizeOf, type Tensor, tensor } from "../../core/index.js";
import { convertTensor } from "../convert-tensor.js";
import { keyOf } from "../key-of.js";
import { type NodeProto, NodeProtoSchema, type TensorProto } from "../proto/onnx_pb.js";
import { encodeTensor } from "../tensor-proto.js";
import { type Attributes, encodeAttribute } from "./attributes.js";

/** A tensor of the ONNX graph, by its name there. */
export type TensorName = string;

/** A node in the making; asking for a further output adds it. */
export interface EmittedNode {
  /** The tensor that holds the node's output of that index, from 0. */
  output(index: number): TensorName;
}

/** Options of {@link Emitter.node}. */
export interface NodeOptions {
  readonly attributes?: Attributes;
  /** The operator's domain; the standard one by default. */
  readonly domain?: string;
}

/** Constants of more elements are not compared with others: hashing them would cost more than it saves. */
const comparedElements = 4096;

/**
 * Collects the nodes and constants of an ONNX graph. The same operator on the same tensors with the same attributes is
 * one node, and the same constant is one initializer, however often they are asked for.
 */
export class Emitter {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly #known = new Map<string, EmittedNode>();
  readonly #constants = new Map<string, TensorName>();
  readonly #names = new Set<string>();
  #scope = "";

  /** Begins the names of what is emitted next with a path that tells a reader of an error message where it came from. */
  enter(scope: string): void {
    this.#scope = scope;
  }

  /** Takes a name, or the first free one that begins with it. */
  claim(wanted: string): string {
    let name = wanted;
    for (let copy = 2; this.#names.has(name); copy++) name = `${wanted}_${copy}`;
    this.#names.add(name);
    return name;
  }

  /** A node. Empty names stand for optional inputs that are left out. */
  node(
    operator: string,
    inputs: readonly TensorName[],
    { attributes = {}, domain = "" }: NodeOptions = {},
  ): EmittedNode {
    const key = keyOf([domain, operator, inputs, attributes]);
    const known = this.#known.get(key);
    if (known) return known;
    const name = this.claim(`${this.#scope}/${operator}`);
    const node = create(NodeProtoSchema, {
      opType: operator,
      domain,
      name,
      input: [...inputs],
      attribute: Object.entries(attributes).map(([attribute, value]) => encodeAttribute(attribute, value)),
    });
    this.nodes.push(node);
    const emitted: EmittedNode = {
      output(index) {
        while (node.output.length <= index)
          node.output.push(node.output.length === 0 ? name : `${name}:${node.output.length}`);
        return node.output[index]!;
      },
    };
    emitted.output(0);
    this.#known.set(key, emitted);
    return emitted;
  }

  /** A node with one output. */
  op(operator: string, inputs: readonly TensorName[], attributes: Attributes = {}): TensorName {
    return this.node(operator, inputs, { attributes }).output(0);
  }

  /** Copies a tensor to one of exactly this name. */
  copy(from: TensorName, to: string): void {
    const name = this.claim(`${this.#scope}/Identity`);
    this.nodes.push(create(NodeProtoSchema, { opType: "Identity", name, input: [from], output: [to] }));
  }

  /** An initializer; floating-point data is rounded to `dtype`. */
  constant(value: Tensor, dtype: DType = value.dtype): TensorName {
    const held = convertTensor(value, dtype);
    const { data, shape } = held;
    if (data.length > comparedElements) return this.#initializer(held);
    const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    const key = `${dtype}[${shape}]${String.fromCharCode(...bytes)}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.#initializer(held);
    this.#constants.set(key, name);
    return name;
  }

  /** A tensor of one number. */
  fill(value: number, shape: Shape, dtype: DType): TensorName {
    return this.constant(tensor(new Float64Array(sizeOf(shape)).fill(value), shape, "float64"), dtype);
  }

  /** A scalar constant. */
  scalar(value: number, dtype: DType): TensorName {
    if (dtype === "float64" || dtype === "float32" || dtype === "float16" || dtype === "bfloat16") {
      return this.fill(value, [], dtype);
    }
    return this.constant(tensor([value], [], dtype));
  }

  /** A vector of int64, as shapes and axes are given. */
  ints(values: readonly number[]): TensorName {
    return this.constant(tensor(values, [values.length], "int64"));
  }

  #initializer(value: Tensor): TensorName {
    const name = this.claim(`constant/${this.initializers.length}`);
    this.initializers.push(encodeTensor(name, value));
    return name;
  }
}
