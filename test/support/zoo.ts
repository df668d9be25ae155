import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Shape, sizeOf } from "../../src/core/index.js";
import type { ExternalData } from "../../src/onnx/index.js";
import { ModelProtoSchema, StringStringEntryProtoSchema, TensorProto_DataType } from "../../src/onnx/proto/onnx_pb.js";
import { uniformHashes } from "./golden-values.js";

/** What the numeric test of `test/goldens/zoo/oracle.py` found of a parameter. */
export interface OracleVerdict {
  readonly invariance: "channel" | "head" | "tensor" | "none";
  /** How many channels (axis 0) are invariant, how many have no effect, and how many there are. */
  readonly channels: readonly [number, number, number];
  readonly effect: boolean;
  /** ⟨w, ∇w⟩ / (‖w‖ ‖∇w‖) of the whole tensor, for each of two cotangents of the outputs. */
  readonly products: readonly number[];
  /** ⟨w, ∇w⟩ of the whole tensor, for each of them. */
  readonly euler: readonly number[];
  readonly moved: number | null;
}

const folder = new URL("../goldens/zoo/", import.meta.url);

/** Verdicts by model and by PyTorch's name of the parameter. */
export function readOracle(): Readonly<Record<string, Readonly<Record<string, OracleVerdict>>>> {
  return JSON.parse(readFileSync(new URL("oracle.json", folder), "utf8")).models;
}

/** A model, and what makes up its weights when they are asked for. */
export interface StrippedModel {
  readonly bytes: Uint8Array;
  readonly external: ExternalData;
}

/**
 * A model as `scripts/strip-onnx.ts` left it: of the weights there are names, types and shapes. Here they become data outside
 * the file, which is generated.
 */
export function strippedModel(
  file: URL,
  valuesOf: (name: string, shape: Shape) => Float32Array<ArrayBuffer>,
): StrippedModel {
  const model = fromBinary(ModelProtoSchema, new Uint8Array(gunzipSync(readFileSync(file))));
  const shapes = new Map<string, Shape>();
  for (const tensor of model.graph!.initializer) {
    const shape = tensor.dims.map(Number);
    const isFloat = tensor.dataType === TensorProto_DataType.FLOAT;
    if (!isFloat || tensor.rawData.length + tensor.floatData.length > 0 || sizeOf(shape) === 0) continue;
    shapes.set(tensor.name, shape);
    tensor.externalData = [create(StringStringEntryProtoSchema, { key: "location", value: tensor.name })];
  }
  return {
    bytes: toBinary(ModelProtoSchema, model),
    external: {
      size: (location) => 4 * sizeOf(shapes.get(location)!),
      read: (location) => new Uint8Array(valuesOf(location, shapes.get(location)!).buffer),
    },
  };
}

/** A model of the zoo. */
export const zooModel = (name: string): StrippedModel =>
  strippedModel(new URL(`${name}.onnx.gz`, folder), generatedWeights);

/** Numbers for a tensor: 1 ± 0.25 for a variance or a gain, ± 0.125 for other vectors, weights of variance 1 / fan-in. */
function generatedWeights(name: string, shape: Shape): Float32Array<ArrayBuffer> {
  const size = sizeOf(shape);
  const vector = shape.filter((length) => length > 1).length <= 1;
  const gain = vector && /(weight|running_var)$/.test(name);
  const scale = gain ? 0.25 : vector ? 0.125 : Math.sqrt(3 / (size / shape[0]!));
  return Float32Array.from(uniformHashes(name, size), (value) => (gain ? 1 : 0) + scale * value);
}
