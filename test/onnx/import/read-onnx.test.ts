import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { DataError, numbersOf, tensor } from "../../../src/core/index.js";
import { decodeModel, encodeTensor, readOnnx } from "../../../src/onnx/index.js";
import {
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
} from "../../../src/onnx/proto/onnx_pb.js";
import { mixedModel } from "../../support/mixed-model.js";
import { imported, node, onnxBytes } from "../../support/onnx-models.js";

const x = tensor([1, 2, 3, 4]);
const add = (nodes = [node("Add", ["x", "w"], ["y"])]) =>
  onnxBytes({ inputs: { x }, initializers: { w: x }, nodes, outputs: { y: "float32" } });

/** The bytes of a model after a change to its messages. */
function changed(bytes: Uint8Array, change: (model: ModelProto) => void): Uint8Array {
  const model = decodeModel(bytes);
  change(model);
  return toBinary(ModelProtoSchema, model);
}

/** A model whose `w` is replaced. */
const withTensor = (fields: Partial<Omit<TensorProto, "$typeName" | "$unknown">>): Uint8Array =>
  changed(add(), ({ graph }) => {
    graph!.initializer = [create(TensorProtoSchema, { name: "w", ...fields } as object)];
  });

describe("readOnnx", () => {
  it("gives what the file states", () => {
    const file = readOnnx(mixedModel());
    expect([file.opset, file.producer]).toEqual([17, "test"]);
    expect(file.inputs).toEqual([{ name: "x", dtype: "float32", shape: ["batch", 3, 8, 8] }]);
    expect(file.outputs).toEqual([{ name: "y", dtype: "float32" }]);
    expect(file.nodes.map(({ operator }) => operator)).not.toContain("Constant");
    expect([file.initializers.get("rest")!.isConstant, file.initializers.get("conv.weight")!.isConstant]).toEqual([
      true,
      false,
    ]);
    expect(file.nodes[0]!.attributes.get("pads")).toEqual([1, 1, 1, 1]);
    expect(file.nodes.find(({ operator }) => operator === "Relu")!.name).toBe("Relu#2");
  });

  it("puts nodes in an order of execution", () => {
    const nodes = [node("Relu", ["b"], ["y"]), node("Exp", ["a"], ["b"]), node("Add", ["x", "w"], ["a"])];
    expect(readOnnx(add(nodes)).nodes.map(({ operator }) => operator)).toEqual(["Add", "Exp", "Relu"]);
  });

  it("reads a tensor of every type that has a dtype, or a wider one, from bytes and from fields", () => {
    const { INT8, INT16, UINT16, UINT32, UINT64, FLOAT16, INT64, DOUBLE, BOOL } = TensorProto_DataType;
    const cases = [
      [{ dataType: INT8, rawData: Uint8Array.of(255, 2) }, "int32", [-1, 2]],
      [{ dataType: INT16, rawData: Uint8Array.of(254, 255, 2, 0) }, "int32", [-2, 2]],
      [{ dataType: UINT16, int32Data: [65535, 1] }, "int32", [65535, 1]],
      [{ dataType: UINT32, rawData: Uint8Array.of(255, 255, 255, 255, 1, 0, 0, 0) }, "int64", [2 ** 32 - 1, 1]],
      [{ dataType: UINT64, uint64Data: [5n, 6n] }, "int64", [5, 6]],
      [{ dataType: INT64, int64Data: [-5n, 6n] }, "int64", [-5, 6]],
      [{ dataType: DOUBLE, doubleData: [0.1, 6] }, "float64", [0.1, 6]],
      [{ dataType: BOOL, int32Data: [1, 0] }, "bool", [1, 0]],
      [{ dataType: FLOAT16, int32Data: [0x3c00, 0xc000] }, "float16", [0x3c00, 0xc000]],
    ] as const;
    for (const [fields, dtype, numbers] of cases) {
      const initializer = readOnnx(withTensor({ dims: [2n], ...fields } as object)).initializers.get("w")!;
      expect([initializer.dtype, initializer.read().dtype, numbersOf(initializer.read())]).toEqual([
        dtype,
        dtype,
        numbers,
      ]);
    }
  });

  it("lets a tensor without a dtype be, and says what it is when it is used", () => {
    const bytes = withTensor({ dims: [4n], dataType: TensorProto_DataType.INT4, rawData: Uint8Array.of(1, 2) });
    expect(readOnnx(bytes).unreadable.get("w")).toBe("a tensor of int4");
    expect(() => imported(bytes, { x })).toThrow(/Add ×1 .*input w is a tensor of int4/);
    const { unknown, outputs } = imported(bytes, { x }, { unknown: "opaque" });
    expect([unknown.length, outputs.y!.shape]).toEqual([1, [4]]);
  });

  it("does not read weights before they are asked for: they change with the bytes", () => {
    const bytes = add();
    const initializer = readOnnx(bytes).initializers.get("w")!;
    const place = bytes.findIndex(
      (_, at) => new DataView(bytes.buffer, bytes.byteOffset + at, 4).getFloat32(0, true) === 1,
    );
    new DataView(bytes.buffer, bytes.byteOffset).setFloat32(place, 7, true);
    const { data } = initializer.read();
    expect([...(data as Float32Array)]).toEqual([7, 2, 3, 4]);
    data[0] = 9;
    expect(initializer.read().data[0]).toBe(7);
  });
});

describe("readOnnx refuses", () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ["other bytes", Uint8Array.of(1, 2, 3), /^model: expected an .onnx file, got 3 other bytes/],
    [
      "an old opset",
      onnxBytes({ opset: 10, inputs: { x }, nodes: [node("Relu", ["x"], ["y"])], outputs: { y: "float32" } }),
      /opset 11 to 22, got 10/,
    ],
    [
      "a new opset",
      onnxBytes({ opset: 23, inputs: { x }, nodes: [node("Relu", ["x"], ["y"])], outputs: { y: "float32" } }),
      /opset 11 to 22, got 23/,
    ],
    [
      "an undefined name",
      add([node("Add", ["x", "nothing"], ["y"])]),
      /node Add#0: expected inputs that are defined, got nothing/,
    ],
    [
      "an output twice",
      add([node("Relu", ["x"], ["y"]), node("Exp", ["x"], ["y"])]),
      /outputs that nothing else defines, got y/,
    ],
    [
      "an output named like a weight",
      add([node("Relu", ["x"], ["w"]), node("Exp", ["x"], ["y"])]),
      /outputs that nothing else defines, got w/,
    ],
    [
      "a cycle",
      add([node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Exp", ["b"], ["y"])]),
      /expected no cycle/,
    ],
    ["a node that feeds itself", add([node("Add", ["x", "y"], ["y"])]), /expected no cycle/],
    ["an output that nothing makes", add([node("Relu", ["x"], ["z"])]), /outputs that a node makes, got y/],
    [
      "a weight twice",
      changed(add(), ({ graph }) => void graph!.initializer.push(encodeTensor("w", x))),
      /tensor w: expected a name of its own/,
    ],
    [
      "too few bytes",
      withTensor({ dims: [4n], dataType: 1, rawData: new Uint8Array(12) }),
      /tensor w: expected 16 bytes for \[4\], got 12/,
    ],
    [
      "too many elements",
      withTensor({ dims: [4n], dataType: 1, floatData: [1, 2, 3, 4, 5] }),
      /expected 4 elements for \[4\], got 5/,
    ],
    ["a negative size", withTensor({ dims: [-4n], dataType: 1 }), /sizes from 0 and a count below 2\^53, got \[-4\]/],
    ["a size beyond counting", withTensor({ dims: [2n ** 40n, 2n ** 40n], dataType: 1 }), /a count below 2\^53/],
    [
      "a huge size with little data",
      withTensor({ dims: [2n ** 40n], dataType: 1, rawData: new Uint8Array(16) }),
      /expected 4398046511104 bytes/,
    ],
    [
      "external data where there is none",
      withTensor({ dims: [4n], dataType: 1, externalData: [{ key: "location", value: "a.bin" }] as never }),
      /data inside the file, got data in a.bin; read it from its folder/,
    ],
  ];
  it.each(cases)("%s", (_name, bytes, message) => {
    expect(() => readOnnx(bytes)).toThrow(message);
    expect(() => readOnnx(bytes)).toThrow(DataError);
  });
});
