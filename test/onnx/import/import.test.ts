import { describe, expect, it } from "vitest";
import { DataError, NormwiseError, tensor } from "../../../src/core/index.js";
import { gradients, total } from "../../../src/graph/index.js";
import { evaluate } from "../../../src/reference/index.js";
import { expectClose } from "../../support/compare.js";
import { mixedModel } from "../../support/mixed-model.js";
import { feedsOf, imported, node, onnxBytes, type TestModel } from "../../support/onnx-models.js";
import { normal } from "../../support/random-tensors.js";

const x = normal("import x", [2, 4]);
const from = (model: Omit<TestModel, "outputs">, options: Parameters<typeof imported>[2] = {}) =>
  imported(onnxBytes({ inputs: { x }, outputs: { y: "float32" }, ...model }), { x }, options);
const names = ({ scope }: ReturnType<typeof from>): string[] => scope.parameters.map(({ name }) => name);
const ints = (...values: number[]) => tensor(values, [values.length], "int64");

describe("what becomes a parameter", () => {
  it("is a tensor of numbers, under its name in the file, with its layer and a role by its use", () => {
    const { scope, sources } = imported(mixedModel(), { x: normal("import image", [2, 3, 8, 8]) });
    expect(scope.parameters.map(({ name, layer, role }) => `${name} ${layer} ${role}`)).toEqual([
      "conv.weight conv weight",
      "bn.weight bn gain",
      "bn.bias bn shift",
      "fc.weight fc weight",
      "fc.bias fc bias",
      "table.weight table weight",
      "norm.weight norm gain",
    ]);
    expect(scope.buffers.map(({ name }) => name)).toEqual(["bn.running_mean", "bn.running_var"]);
    expect(sources.get("fc.weight")).toBe("onnx::MatMul_7");
    expect(sources.get("conv.weight")).toBe("conv.weight");
  });

  it("is a constant in a weight's place, but not one elsewhere, nor one number without a module", () => {
    const nodes = [
      node("Constant", [], ["w"], { value: normal("import w", [4, 4]) }),
      node("Constant", [], ["c"], { value: normal("import c", [4]) }),
      node("MatMul", ["x", "w"], ["a"]),
      node("Add", ["a", "c"], ["b"]),
      node("Mul", ["b", "scale"], ["d"]),
      node("Mul", ["d", "logits.temperature"], ["y"]),
    ];
    const initializers = { scale: tensor([2], []), "logits.temperature": tensor([3], []) };
    expect(names(from({ nodes, initializers }))).toEqual(["w", "logits.temperature"]);
  });

  it("is not what is only compared with, even through a slice", () => {
    const nodes = [
      node("Slice", ["mask", "zero", "four"], ["part"]),
      node("Equal", ["part", "none"], ["hidden"]),
      node("Where", ["hidden", "low", "x"], ["y"]),
    ];
    const initializers = {
      mask: tensor([1, 0, 1, 1, 0]),
      zero: ints(0),
      four: ints(4),
      none: tensor([0], []),
      low: tensor([-9], []),
    };
    const result = from({ nodes, initializers });
    expect(names(result)).toEqual([]);
    const [y] = evaluate([result.outputs.y!], feedsOf(result.scope, { x }));
    const at = (i: number): number => x.data[i]!;
    expectClose(y!, tensor([at(0), -9, at(2), at(3), at(4), -9, at(6), at(7)], [2, 4]), { absolute: 0 });
  });

  it("is declared once if it is used twice, and follows an Identity", () => {
    const nodes = [
      node("Identity", ["w"], ["tied.weight"]),
      node("MatMul", ["x", "w"], ["a"]),
      node("MatMul", ["a", "tied.weight"], ["y"]),
    ];
    expect(names(from({ nodes, initializers: { w: normal("import w", [4, 4]) } }))).toEqual(["w"]);
  });

  it("is a vector of its own if an Identity gives it a module's name: vectors of new models are equal by chance", () => {
    const nodes = [
      node("Identity", ["a.bias"], ["b.bias"]),
      node("Add", ["x", "a.bias"], ["h"]),
      node("Add", ["h", "b.bias"], ["y"]),
    ];
    const { scope, sources } = from({ nodes, initializers: { "a.bias": tensor([1, 2, 3, 4]) } });
    expect(scope.parameters.map(({ name }) => name)).toEqual(["a.bias", "b.bias"]);
    expect(sources.get("b.bias")).toBe("a.bias");
    expect(
      scope.parameters.map(({ value, initializer }) =>
        initializer(value.shape, undefined as never, undefined as never),
      ),
    ).toEqual([Float32Array.of(1, 2, 3, 4), Float32Array.of(1, 2, 3, 4)]);
  });

  it("keeps a made-up name where two could have the module's", () => {
    const nodes = [
      node("MatMul", ["x", "onnx::MatMul_1"], ["a"], {}, "/m/MatMul"),
      node("MatMul", ["a", "onnx::MatMul_2"], ["y"], {}, "/m/MatMul_1"),
    ];
    const initializers = { "onnx::MatMul_1": normal("import w", [4, 4]), "onnx::MatMul_2": normal("import v", [4, 4]) };
    expect(names(from({ nodes, initializers }))).toEqual(["onnx::MatMul_1", "onnx::MatMul_2"]);
  });

  it("knows modules in lists by PyTorch's paths", () => {
    const nodes = [node("MatMul", ["x", "onnx::MatMul_1"], ["y"], {}, "/layers/layers.0/layers.0.1/linear/MatMul")];
    expect(names(from({ nodes, initializers: { "onnx::MatMul_1": normal("import w", [4, 4]) } }))).toEqual([
      "layers.0.1.linear.weight",
    ]);
  });

  it("is a buffer that stays if it is frozen, and has the invariance that is given", () => {
    const nodes = [node("MatMul", ["x", "a.weight"], ["h"]), node("MatMul", ["h", "b.weight"], ["y"])];
    const initializers = { "a.weight": normal("import w", [4, 4]), "b.weight": normal("import v", [4, 4]) };
    const { scope } = from(
      { nodes, initializers },
      { frozen: (name) => name.startsWith("a."), invarianceOf: (name) => (name === "b.weight" ? "tensor" : "none") },
    );
    expect(scope.parameters.map(({ name, scaleInvariance }) => [name, scaleInvariance])).toEqual([
      ["b.weight", "tensor"],
    ]);
    expect(scope.buffers.map(({ name, next }) => [name, next])).toEqual([["a.weight", undefined]]);
  });
});

describe("batch-norms in training", () => {
  const rows = normal("import rows", [6, 2], 1, 2);
  const initializers = { g: tensor([1, 2]), b: tensor([0.5, -0.5]), m: tensor([1, 2]), v: tensor([3, 4]) };
  const model = onnxBytes({
    opset: 13,
    inputs: { x: rows },
    initializers,
    nodes: [node("BatchNormalization", ["x", "g", "b", "m", "v"], ["y"], { momentum: { float: 0.75 } })],
    outputs: { y: "float32" },
  });

  it("use the batch's statistics, and running ones keep `momentum` of what they were and take the unbiased variance", () => {
    const { outputs, scope, batchNorms } = imported(model, { x: rows }, { training: true });
    const column = (c: number): number[] => [...rows.data].filter((_, at) => at % 2 === c);
    const mean = [0, 1].map((c) => column(c).reduce((sum, value) => sum + value) / 6);
    const squares = [0, 1].map((c) => column(c).reduce((sum, value) => sum + (value - mean[c]!) ** 2, 0));
    const y = Float64Array.from(rows.data, (value, at) => {
      const c = at % 2;
      return ([1, 2][c]! * (value - mean[c]!)) / Math.sqrt(squares[c]! / 6 + 1e-5) + [0.5, -0.5][c]!;
    });
    const [got, nextMean, nextVariance] = evaluate(
      [outputs.y!, ...scope.buffers.map(({ next }) => next!)],
      feedsOf(scope, { x: rows }),
    );
    expectClose(got!, tensor(y, [6, 2], "float64"), { relative: 1e-6 });
    expectClose(nextMean!, tensor([0, 1].map((c) => 0.75 * [1, 2][c]! + 0.25 * mean[c]!)), { relative: 1e-6 });
    expectClose(nextVariance!, tensor([0, 1].map((c) => 0.75 * [3, 4][c]! + (0.25 * squares[c]!) / 5)), {
      relative: 1e-6,
    });
    expect(batchNorms).toMatchObject([
      { scale: "g", shift: "b", mean: "m", variance: "v", epsilon: expect.closeTo(1e-5, 10) },
    ]);
    expect(batchNorms[0]!.output).toBe(outputs.y);
  });

  it("leave the running statistics as they are for a batch that is not finite", () => {
    const { scope } = imported(model, { x: rows }, { training: true });
    const broken = tensor(
      rows.data.map((value, at) => (at === 3 ? Number.NaN : value)),
      [6, 2],
    );
    const next = evaluate(
      scope.buffers.map((buffer) => buffer.next!),
      feedsOf(scope, { x: broken }),
    );
    expect(next.map(({ data }) => [...(data as Float64Array)])).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });
});

describe("operators that are not known", () => {
  const nodes = [
    node("MatMul", ["x", "w.weight"], ["a"]),
    node("Sorcery", ["a"], ["b"], {}, "/magic/Sorcery"),
    node("Sorcery", ["b"], ["c"], {}, "/magic/Sorcery_1"),
    node("Reshape", ["c", "to"], ["d"], {}, "/magic/Reshape"),
    node("ArgMax", ["d"], ["e"], { select_last_index: 1 }, "/last/ArgMax"),
    node("Relu", ["d"], ["y"]),
  ];
  const initializers = { "w.weight": normal("import w", [4, 4]), to: ints(3, 5) };

  it("are an error that names each with its count, places and reason", () => {
    const message = /Sorcery ×2 \(\/magic\/Sorcery, \/magic\/Sorcery_1\); import with unknown: "opaque"/;
    expect(() => from({ nodes, initializers })).toThrow(message);
    expect(() => from({ nodes, initializers })).toThrow(DataError);
    const last = [node("ArgMax", ["x"], ["i"], { select_last_index: 1 }, "here"), node("Relu", ["x"], ["y"])];
    expect(() => from({ nodes: last })).toThrow("ArgMax ×1 (here: the last of equal elements is not followed)");
  });

  it("can be gone around: a value that has no derivative, of the type that the file states or of the first input's", () => {
    const result = from({ nodes, initializers }, { unknown: "opaque" });
    expect(result.unknown.map(({ operator, nodes: places }) => [operator, places])).toEqual([
      ["Sorcery", ["/magic/Sorcery", "/magic/Sorcery_1"]],
      ["Reshape", ["/magic/Reshape"]],
      ["ArgMax", ["/last/ArgMax"]],
    ]);
    const { y } = result.outputs;
    expect(y!.shape).toEqual([2, 4]);
    const [weight] = result.scope.parameters;
    expect(() => gradients(total(y!), [weight!.value])).toThrow(NormwiseError);
    const opaque = [...result.origins].filter(
      ([{ source }]) => source.kind === "apply" && source.primitive.name === "opaque",
    );
    expect(opaque.map(([, { name }]) => name)).toEqual([
      "/magic/Sorcery",
      "/magic/Sorcery_1",
      "/magic/Reshape",
      "/last/ArgMax",
    ]);
  });
});

describe("what depends on an unknown operator", () => {
  it("by its size alone does not fail either", () => {
    const nodes = [
      node("Sorcery", ["x"], ["a"]),
      node("Shape", ["a"], ["s"]),
      node("Slice", ["s", "one", "two"], ["width"]),
      node("Concat", ["width", "seven"], ["to"], { axis: 0 }),
      node("Reshape", ["x", "to"], ["y"], {}, "follows"),
    ];
    const result = from({ nodes, initializers: { one: ints(1), two: ints(2), seven: ints(7) } }, { unknown: "opaque" });
    expect(result.unknown.map(({ nodes: places }) => places)).toEqual([["Sorcery#0"], ["follows"]]);
  });
});

describe("sizes", () => {
  it("come from the inputs where the model computes them", () => {
    for (const batch of [1, 5]) {
      const { outputs } = imported(mixedModel(), { x: normal("import image", [batch, 3, 8, 8]) });
      expect(outputs.y!.shape).toEqual([batch, 3]);
    }
  });

  it("that an export has fixed are named when others are given", () => {
    const nodes = [node("Reshape", ["x", "to"], ["y"])];
    const bytes = onnxBytes({
      inputs: { x: { dtype: "float32", shape: [1, 4] } },
      initializers: { to: ints(1, 2, 2) },
      nodes,
      outputs: { y: "float32" },
    });
    expect(() => imported(bytes, { x })).toThrow(/the file states \[1,4\] for x, and \[2,4\] is given.*dynamic_axes/);
  });

  it("cannot ask for memory without end", () => {
    const huge = ints(2 ** 20, 2 ** 20);
    const greedy = [
      [node("ConstantOfShape", ["n"], ["y"])],
      [node("Constant", [], ["one"], { value: tensor([1]) }), node("Expand", ["one", "n"], ["y"])],
      [node("Constant", [], ["one"], { value: tensor([1], [1, 1]) }), node("Tile", ["one", "n"], ["y"])],
      [
        node("ReduceProd", ["n"], ["limit"], { keepdims: 0 }),
        node("Constant", [], ["o"], { value: tensor([0], [], "int64") }),
        node("Constant", [], ["s"], { value: tensor([1], [], "int64") }),
        node("Range", ["o", "limit", "s"], ["i"]),
        node("Cast", ["i"], ["y"], { to: 1 }),
      ],
      [node("Constant", [], ["sc"], { value: tensor([1, 2 ** 40]) }), node("Resize", ["x", "", "sc"], ["y"])],
    ];
    for (const nodes of greedy) {
      expect(() => from({ nodes, initializers: { n: huge } }), nodes.at(-1)!.opType).toThrow(
        /at most \d+ bytes of constants/,
      );
    }
  });
});

it.each(["float16", "float64"] as const)("computes a model of %s in float32", (dtype) => {
  const bits = { float16: Uint16Array.of(0x3c00, 0xc000, 0x3800, 0x4200), float64: Float64Array.of(1, -2, 0.5, 3) }[
    dtype
  ];
  const bytes = onnxBytes({
    inputs: { x: { dtype: "float32", shape: [2, 4] } },
    initializers: { "a.bias": { dtype, shape: [4], data: bits } },
    nodes: [
      node("Cast", ["x"], ["narrow"], { to: dtype === "float16" ? 10 : 11 }),
      node("Add", ["narrow", "a.bias"], ["sum"]),
      node("Cast", ["sum"], ["y"], { to: 1 }),
    ],
    outputs: { y: "float32" },
  });
  const { outputs, scope } = imported(bytes, { x });
  expect(scope.parameters.map(({ value }) => value.dtype)).toEqual(["float32"]);
  const [y] = evaluate([outputs.y!], feedsOf(scope, { x }));
  const bias = [1, -2, 0.5, 3];
  expectClose(
    y!,
    tensor(
      Float64Array.from(x.data, (value, at) => value + bias[at % 4]!),
      [2, 4],
      "float64",
    ),
    { absolute: 1e-12 },
  );
});

it("maps every value that a node made to the node", () => {
  const { origins, scope } = imported(mixedModel(), { x: normal("import image", [2, 3, 8, 8]) });
  const operators = scope.graph.values.slice(1).map((value) => origins.get(value)?.operator);
  expect(operators).not.toContain(undefined);
  expect(new Set(operators)).toContain("LayerNormalization");
});

it("wants a value for each input", () => {
  expect(() => imported(mixedModel(), {})).toThrow("importOnnx: expected a value for the input x, got none");
});
