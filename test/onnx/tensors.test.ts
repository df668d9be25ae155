import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { type DType, tensor, toBfloat16Bits, toFloat16Bits } from "../../src/core/index.js";
import { convertTensor, decodeTensor, encodeTensor } from "../../src/onnx/index.js";
import { type TensorProto, TensorProto_DataType, TensorProtoSchema } from "../../src/onnx/proto/onnx_pb.js";

describe("encodeTensor and decodeTensor", () => {
  const samples = [
    tensor([1.5, -0, Number.POSITIVE_INFINITY, 1e-40], [2, 2]),
    tensor([0.1, 1e300], [2], "float64"),
    tensor([0x3c00, 0xfbff], [2], "float16"),
    tensor([0x3f80], [], "bfloat16"),
    { dtype: "int64" as const, shape: [2], data: BigInt64Array.of(2n ** 62n, -1n) },
    tensor([-5, 7], [1, 2], "int32"),
    tensor([0, 255, 3], [3], "uint8"),
    tensor([0, 1], [2], "bool"),
  ];
  it.each(samples)("keeps $dtype $shape bit for bit through a file", (sample) => {
    const bytes = toBinary(TensorProtoSchema, encodeTensor("t", sample));
    expect(decodeTensor(fromBinary(TensorProtoSchema, bytes))).toEqual(sample);
  });

  it.each<[keyof typeof TensorProto_DataType, MessageInitShape<typeof TensorProtoSchema>, DType, number[]]>([
    ["FLOAT", { floatData: [1.5, 2] }, "float32", [1.5, 2]],
    ["DOUBLE", { doubleData: [0.1, 2] }, "float64", [0.1, 2]],
    ["INT64", { int64Data: [3n, -4n] }, "int64", [3, -4]],
    ["FLOAT16", { int32Data: [0x3c00, 0] }, "float16", [0x3c00, 0]],
    ["BOOL", { int32Data: [1, 0] }, "bool", [1, 0]],
  ])("reads %s from the field that its type is assigned to", (name, field, dtype, expected) => {
    const proto = create(TensorProtoSchema, {
      ...(field as object),
      dims: [2n],
      dataType: TensorProto_DataType[name],
    });
    const decoded = decodeTensor(proto);
    expect([decoded.dtype, Array.from(decoded.data, Number)]).toEqual([dtype, expected]);
  });

  it("refuses what it cannot hold, saying why", () => {
    const proto = (fields: Partial<TensorProto>): TensorProto =>
      Object.assign(create(TensorProtoSchema, { name: "w", dims: [2n], dataType: TensorProto_DataType.FLOAT }), fields);
    expect(() => decodeTensor(proto({ floatData: [1] }))).toThrow("tensor w: expected 2 elements for [2], got 1");
    expect(() => decodeTensor(proto({ dataType: TensorProto_DataType.STRING }))).toThrow("got STRING");
    const location = create(TensorProtoSchema, { externalData: [{ key: "location", value: "w.bin" }] }).externalData;
    expect(() => decodeTensor(proto({ externalData: location }))).toThrow("got data in w.bin; save it as one file");
  });
});

describe("convertTensor", () => {
  it("rounds to nearest and overflows to infinity", () => {
    const wide = tensor([0.1, 1e300, -2], [3], "float64");
    expect([...convertTensor(wide, "float32").data]).toEqual([Math.fround(0.1), Number.POSITIVE_INFINITY, -2]);
    expect([...convertTensor(wide, "float16").data]).toEqual([toFloat16Bits(0.1), 0x7c00, toFloat16Bits(-2)]);
    expect([...convertTensor(wide, "bfloat16").data]).toEqual([0.1, 1e300, -2].map(toBfloat16Bits));
  });

  it("widens halves to the numbers they stand for", () => {
    expect([...convertTensor(tensor([0x3c00, 0x0001], [2], "float16"), "float64").data]).toEqual([1, 2 ** -24]);
    expect([...convertTensor(tensor([0x3fc0], [1], "bfloat16"), "float16").data]).toEqual([toFloat16Bits(1.5)]);
  });

  it("returns what has the dtype already, and refuses integers", () => {
    const same = tensor([1]);
    expect(convertTensor(same, "float32")).toBe(same);
    expect(() => convertTensor(tensor([1], [1], "int64"), "float32")).toThrow(
      "expected a tensor of float32, got int64",
    );
  });
});
