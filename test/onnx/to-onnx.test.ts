import { describe, expect, it } from "vitest";
import { InvalidArgumentError, tensor, toFloat16Bits } from "../../src/core/index.js";
import * as g from "../../src/graph/index.js";
import { decodeModel, decodeTensor, dtypeOf, toOnnx } from "../../src/onnx/index.js";
import type { GraphProto } from "../../src/onnx/proto/onnx_pb.js";

const graphOf = (program: g.Program, options = {}): GraphProto => decodeModel(toOnnx(program, options)).graph!;
const operators = (graph: GraphProto): string[] => graph.node.map(({ opType }) => opType);

/** [name, dtype, shape] of the inputs or outputs of a graph. */
const types = (infos: GraphProto["input"]): unknown[] =>
  infos.map(({ name, type }) => {
    const { value } = type!.value as { value: { elemType: number; shape: { dim: { value: { value: bigint } }[] } } };
    return [name, dtypeOf(value.elemType), value.shape.dim.map((dim) => Number(dim.value.value))];
  });

describe("toOnnx", () => {
  it("writes a model that says what it is, takes and gives", () => {
    const graph = new g.Graph();
    const x = graph.input("x", [2, 3]);
    const w = graph.input("w", [3, 4]);
    const count = graph.input("count", [], "int64");
    const program = {
      graph,
      outputs: { y: g.matmul(x, w), count2: g.stopGradient(count) },
      updates: { w: g.mul(w, 2) },
    };
    const model = decodeModel(toOnnx(program));
    expect([model.irVersion, model.producerName]).toEqual([10n, "normwise"]);
    expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([["", 21n]]);
    expect(types(model.graph!.input)).toEqual([
      ["x", "float32", [2, 3]],
      ["w", "float32", [3, 4]],
      ["count", "int64", []],
    ]);
    expect(types(model.graph!.output)).toEqual([
      ["y", "float32", [2, 4]],
      ["count2", "int64", []],
      ["next/w", "float32", [3, 4]],
    ]);
  });

  it("leaves out what no result depends on, inputs included", () => {
    const graph = new g.Graph();
    const x = graph.input("x", [2]);
    g.exp(graph.input("unused", [2]));
    const lowered = graphOf({ graph, outputs: { y: g.neg(x) } });
    expect(operators(lowered)).toEqual(["Neg"]);
    expect(lowered.input.map(({ name }) => name)).toEqual(["x"]);
  });

  it("computes equal things once", () => {
    const graph = new g.Graph();
    const x = graph.input("x", [3, 8]);
    const twice = g.mul(g.exp(x), g.exp(x));
    expect(operators(graphOf({ graph, outputs: { twice } }))).toEqual(["Exp", "Mul"]);
    const both = { values: g.topK(x, 2), positions: g.topKIndices(x, 2) };
    expect(operators(graphOf({ graph, outputs: both }))).toEqual(["TopK"]);
  });

  it("shares one node between a pooling and its gradient", () => {
    const graph = new g.Graph();
    const x = graph.input("x", [1, 1, 4, 4]);
    const y = g.maxPool2d(x, { kernel: 2 });
    const [dx] = g.gradients(g.total(y), [x]);
    const lowered = graphOf({ graph, outputs: { y, dx: dx! } });
    expect(operators(lowered).filter((operator) => operator === "MaxPool")).toHaveLength(1);
  });

  it("cuts a value into pieces by one node where they are the whole of it", () => {
    const graph = new g.Graph();
    const x = graph.input("x", [2, 6]);
    const pieces = (bounds: readonly number[]): g.Value[] =>
      bounds.slice(1).map((end, k) => g.sliceAxis(x, 1, bounds[k]!, end));
    const cut = (bounds: readonly number[]): string[] =>
      operators(graphOf({ graph, outputs: Object.fromEntries(pieces(bounds).map((piece, k) => [`y${k}`, piece])) }));
    expect(cut([0, 1, 4, 6])).toEqual(["Split"]);
    expect(cut([1, 4, 6])).toEqual(["Slice", "Slice"]);
    expect(cut([0, 1, 5])).toEqual(["Slice", "Slice"]);
  });

  it("gives a result with two names, or that is an input, each name", () => {
    const graph = new g.Graph();
    const x = graph.input("x", [2]);
    const y = g.neg(x);
    const lowered = graphOf({ graph, outputs: { a: y, b: y, same: x } });
    expect(operators(lowered)).toEqual(["Neg", "Identity", "Identity"]);
    expect(lowered.output.map(({ name }) => name)).toEqual(["a", "b", "same"]);
  });

  it("rounds constants to their dtype, and stores equal ones once", () => {
    const graph = new g.Graph();
    const x = graph.input("x", [2], "float16");
    const z = graph.input("z", [2]);
    const outputs = { half: g.mul(x, 0.1), sum: g.add(g.add(z, 0.1), tensorOf(graph, 0.1)) };
    const stored = graphOf({ graph, outputs }).initializer.map(decodeTensor);
    expect(stored.map(({ dtype, data }) => [dtype, ...data])).toEqual([
      ["float16", toFloat16Bits(0.1)],
      ["float32", Math.fround(0.1)],
    ]);
  });

  it("bakes inputs in as weights", () => {
    const graph = new g.Graph();
    const x = graph.input("x", [1, 2]);
    const w = graph.input("w", [2, 1]);
    const program = { graph, outputs: { y: g.matmul(x, w) } };
    const lowered = graphOf(program, { constants: { w: tensor([1, 2], [2, 1]) } });
    expect(lowered.input.map(({ name }) => name)).toEqual(["x"]);
    expect(decodeTensor(lowered.initializer[0]!)).toEqual(tensor([1, 2], [2, 1]));
    expect(() => toOnnx(program, { constants: { w: tensor([1, 2], [1, 2]) } })).toThrow(
      "constant w: expected shape [2,1], got [1,2]",
    );
  });

  it("refuses an output that is named like an input", () => {
    const graph = new g.Graph();
    const x = graph.input("x", [2]);
    expect(() => toOnnx({ graph, outputs: { x: g.neg(x) } })).toThrow(InvalidArgumentError);
  });

  it("survives graphs deeper than the stack", () => {
    const graph = new g.Graph();
    let x = graph.input("x", [1]);
    for (let depth = 0; depth < 20_000; depth++) x = g.tanh(x);
    expect(graphOf({ graph, outputs: { x2: x } }).node).toHaveLength(20_000);
  });
});

describe("decodeModel", () => {
  it("refuses other bytes", () => {
    expect(() => decodeModel(Uint8Array.of(1, 2, 3))).toThrow("expected the bytes of an .onnx file, got 3 other bytes");
    expect(() => decodeModel(new Uint8Array())).toThrow("the bytes of an .onnx file");
  });
});

/** 0.1 as a tensor constant of the graph. */
function tensorOf(graph: g.Graph, value: number): g.Value {
  return graph.constant(tensor([value], []));
}
