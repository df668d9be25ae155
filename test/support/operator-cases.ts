import { type DType, type Tensor, tensor } from "../../src/core/index.js";
import type { Tensors } from "../../src/graph/index.js";
import { node, type TestAttribute, type TestModel } from "./onnx-models.js";
import { normal } from "./random-tensors.js";

/** A model of one operator, or a few, and what it is fed. */
export interface OperatorCase extends TestModel {
  readonly feeds?: Tensors;
}

/** Options of a case beside its operator. */
interface CaseOptions {
  readonly opset?: number;
  readonly attributes?: Readonly<Record<string, TestAttribute>>;
  /** Known inputs, which follow those that are fed. */
  readonly initializers?: Tensors;
  readonly outputs?: TestModel["outputs"];
}

/** One node: its fed inputs in order, then its known ones. */
function single(operator: string, feeds: Tensors, options: CaseOptions = {}): OperatorCase {
  const { attributes = {}, initializers = {}, outputs = { y: "float32" }, ...rest } = options;
  const inputs = [...Object.keys(feeds), ...Object.keys(initializers)];
  const used = inputs.map((name) => (name.startsWith("none") ? "" : name));
  const given = Object.fromEntries(Object.entries(initializers).filter(([name]) => !name.startsWith("none")));
  return {
    ...rest,
    feeds,
    initializers: given,
    nodes: [node(operator, used, Object.keys(outputs), attributes)],
    outputs,
  };
}

const x234 = normal("x234", [2, 3, 4]);
const image = normal("image", [2, 4, 9, 8]);
const positive = tensor(
  x234.data.map((value) => Math.abs(value) + 0.1),
  x234.shape,
);
const ints = (...values: number[]): Tensor => tensor(values, [values.length], "int64");
const int = (value: number): Tensor => tensor([value], [], "int64");
const float = (value: number): Tensor => tensor([value], []);

const unary = [
  "Relu",
  "Sigmoid",
  "Tanh",
  "Erf",
  "Exp",
  "Abs",
  "Neg",
  "Sign",
  "Softplus",
  "Softsign",
  "HardSwish",
  "Selu",
  "LeakyRelu",
  "Elu",
  "Celu",
  "HardSigmoid",
  "ThresholdedRelu",
  "Identity",
];

const elementwise: [string, OperatorCase][] = [
  ...unary.map((operator): [string, OperatorCase] => [operator, single(operator, { x: x234 })]),
  ...["Log", "Sqrt", "Reciprocal"].map((operator): [string, OperatorCase] => [
    operator,
    single(operator, { x: positive }),
  ]),
  ...["Add", "Sub", "Mul", "Div", "Max", "Min"].map((operator): [string, OperatorCase] => [
    `${operator} with a vector of the file`,
    single(operator, { x: x234 }, { initializers: { w: normal("w4", [4]) } }),
  ]),
  ["Mish", single("Mish", { x: x234 }, { opset: 18 })],
  ["Gelu", single("Gelu", { x: x234 }, { opset: 20 })],
  ["Gelu by tanh", single("Gelu", { x: x234 }, { opset: 20, attributes: { approximate: "tanh" } })],
  ["LeakyRelu of a slope", single("LeakyRelu", { x: x234 }, { attributes: { alpha: { float: 0.3 } } })],
  ["PRelu", single("PRelu", { x: image }, { initializers: { slope: normal("slope", [4, 1, 1]) } })],
  ["Clip of both sides", single("Clip", { x: x234 }, { initializers: { low: float(-0.5), high: float(0.7) } })],
  ["Clip above", single("Clip", { x: x234 }, { initializers: { none: float(0), high: float(0.7) } })],
  ["Pow 2", single("Pow", { x: x234 }, { initializers: { p: float(2) } })],
  ["Pow 3", single("Pow", { x: x234 }, { initializers: { p: float(3) } })],
  ["Pow 0.5", single("Pow", { x: positive }, { initializers: { p: float(0.5) } })],
  ["Pow of a table", single("Pow", { x: positive }, { initializers: { p: normal("p", [4]) } })],
  ["Sum of three", single("Sum", { x: x234, a: normal("a", [4]), b: normal("b", [3, 1]) })],
  ["Mean of two", single("Mean", { x: x234, a: normal("a", [4]) })],
  ["Add of integers", single("Add", { x: ints(1, 2, 3), y: ints(4, -5, 6) }, { outputs: { z: "int64" } })],
  ["Div of integers", single("Div", { x: ints(7, -7, 9), y: ints(2, 2, -4) }, { outputs: { z: "int64" } })],
  ["Neg of integers", single("Neg", { x: ints(7, -7, 0) }, { outputs: { z: "int64" } })],
  ["Cast to int64", single("Cast", { x: x234 }, { attributes: { to: 7 }, outputs: { y: "int64" } })],
  ["Cast from bool", single("Cast", { x: tensor([1, 0, 1], [3], "bool") }, { attributes: { to: 1 } })],
  ...["Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"].map((operator): [string, OperatorCase] => [
    operator,
    single(operator, { x: tensor([1, 2, 3, 4]), b: tensor([2, 2, 2, 4]) }, { outputs: { y: "bool" } }),
  ]),
  ...["And", "Or", "Xor"].map((operator): [string, OperatorCase] => [
    operator,
    single(
      operator,
      { x: tensor([0, 0, 1, 1], [4], "bool"), b: tensor([0, 1, 0, 1], [4], "bool") },
      { outputs: { y: "bool" } },
    ),
  ]),
  ["Not", single("Not", { x: tensor([0, 1], [2], "bool") }, { outputs: { y: "bool" } })],
  ["Where", single("Where", { c: tensor([0, 1, 0, 1], [4], "bool"), x: x234, b: normal("b", [3, 1]) })],
];

const softmaxes: [string, OperatorCase][] = [
  ...[11, 13].flatMap((opset) =>
    [0, 1, 2].flatMap((axis) =>
      ["Softmax", "LogSoftmax"].map((operator): [string, OperatorCase] => [
        `${operator} of axis ${axis}, opset ${opset}`,
        single(operator, { x: x234 }, { opset, attributes: { axis } }),
      ]),
    ),
  ),
  ["Softmax, opset 11, without an axis", single("Softmax", { x: x234 }, { opset: 11 })],
];

const row = normal("row", [2, 4, 11]);
const w = (...shape: number[]): Tensors => ({ w: normal(`w${shape}`, shape) });

const linear: [string, OperatorCase][] = [
  [
    "Conv",
    single(
      "Conv",
      { x: image },
      {
        attributes: { kernel_shape: [3, 3], pads: [1, 0, 2, 1], strides: [2, 1], dilations: [1, 2] },
        initializers: { ...w(6, 4, 3, 3), b: normal("b6", [6]) },
      },
    ),
  ],
  ["Conv in groups", single("Conv", { x: image }, { attributes: { group: 2 }, initializers: w(6, 2, 3, 3) })],
  [
    "Conv of one axis",
    single(
      "Conv",
      { x: row },
      { attributes: { pads: [1, 2], strides: [2] }, initializers: { ...w(6, 4, 3), b: normal("b6", [6]) } },
    ),
  ],
  ...["SAME_UPPER", "SAME_LOWER", "VALID"].map((mode): [string, OperatorCase] => [
    `Conv ${mode}`,
    single("Conv", { x: image }, { attributes: { auto_pad: mode, strides: [2, 2] }, initializers: w(6, 4, 4, 3) }),
  ]),
  [
    "Conv of three axes, by a kernel that does not reach along the last",
    single(
      "Conv",
      { x: normal("planes", [2, 4, 5, 6, 3]) },
      {
        attributes: { pads: [1, 2, 0, 0, 1, 0], strides: [2, 1, 1], group: 2 },
        initializers: { ...w(6, 2, 3, 3, 1), b: normal("b6", [6]) },
      },
    ),
  ],
  ["Conv by a kernel that is fed", single("Conv", { x: image, w: normal("fed", [6, 4, 3, 3]) })],
  [
    "ConvTranspose",
    single(
      "ConvTranspose",
      { x: image },
      {
        attributes: { strides: [2, 3], pads: [1, 0, 0, 1], output_padding: [1, 2], dilations: [2, 1] },
        initializers: { ...w(4, 5, 3, 3), b: normal("b5", [5]) },
      },
    ),
  ],
  [
    "ConvTranspose in groups",
    single("ConvTranspose", { x: image }, { attributes: { strides: [2, 2], group: 2 }, initializers: w(4, 3, 2, 2) }),
  ],
  [
    "ConvTranspose of one axis",
    single("ConvTranspose", { x: row }, { attributes: { strides: [2] }, initializers: w(4, 3, 3) }),
  ],
  ["MatMul", single("MatMul", { x: x234 }, { initializers: w(4, 5) })],
  [
    "MatMul of batches",
    single("MatMul", { x: normal("m1", [2, 1, 3, 4]), y: normal("m2", [5, 4, 2]) }, { outputs: { z: "float32" } }),
  ],
  ["MatMul by a vector", single("MatMul", { x: x234 }, { initializers: w(4) })],
  ["MatMul of a vector", single("MatMul", { x: normal("v3", [3]) }, { initializers: w(2, 3, 4) })],
  ["MatMul of two vectors", single("MatMul", { x: normal("v3", [3]) }, { initializers: w(3) })],
  [
    "Gemm",
    single(
      "Gemm",
      { x: normal("g1", [4, 3]) },
      {
        attributes: { alpha: { float: 0.5 }, beta: { float: 2 }, transA: 1, transB: 1 },
        initializers: { ...w(5, 4), c: normal("c5", [5]) },
      },
    ),
  ],
  ["Gemm without a bias", single("Gemm", { x: normal("g2", [3, 4]) }, { initializers: w(4, 5) })],
  ...["bij,bjk->bik", "bij,bkj->bik", "bij,bkj->bki", "bij,bjk->b", "bij,bjk"].map(
    (equation): [string, OperatorCase] => [
      `Einsum ${equation}`,
      single(
        "Einsum",
        { x: normal("e1", [2, 3, 4]), y: normal(`e2${equation}`, equation.includes("bkj") ? [2, 5, 4] : [2, 4, 5]) },
        { attributes: { equation }, outputs: { z: "float32" } },
      ),
    ],
  ),
  [
    "Einsum of three",
    single(
      "Einsum",
      { a: normal("e3", [2, 3]), b: normal("e4", [3, 4]), c: normal("e5", [4, 2]) },
      { attributes: { equation: "ij,jk,kl->il" } },
    ),
  ],
  ["Einsum ij->j", single("Einsum", { a: normal("e3", [2, 3]) }, { attributes: { equation: "ij->j" } })],
  [
    "Einsum i,j->ji",
    single("Einsum", { a: normal("v3", [3]), b: normal("v4", [4]) }, { attributes: { equation: "i,j->ji" } }),
  ],
];

const window = { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 1, 1] };
const pooling: [string, OperatorCase][] = [
  ...["MaxPool", "AveragePool"].flatMap((operator): [string, OperatorCase][] => [
    [operator, single(operator, { x: image }, { attributes: window })],
    [
      `${operator}, rounded up`,
      single(operator, { x: image }, { attributes: { kernel_shape: [2, 3], strides: [2, 3], ceil_mode: 1 } }),
    ],
    [`${operator}, rounded up, padded`, single(operator, { x: image }, { attributes: { ...window, ceil_mode: 1 } })],
    [
      `${operator} of one axis`,
      single(operator, { x: row }, { attributes: { kernel_shape: [3], strides: [2], pads: [1, 1] } }),
    ],
    [
      `${operator} SAME_UPPER`,
      single(operator, { x: image }, { attributes: { kernel_shape: [3, 3], strides: [2, 2], auto_pad: "SAME_UPPER" } }),
    ],
    [
      `${operator}, padded on one side by more than half`,
      single(operator, { x: image }, { attributes: { kernel_shape: [3, 3], pads: [2, 2, 0, 0] } }),
    ],
  ]),
  ["MaxPool, dilated", single("MaxPool", { x: image }, { attributes: { kernel_shape: [2, 3], dilations: [3, 2] } })],
  [
    "AveragePool that counts padding",
    single("AveragePool", { x: image }, { attributes: { ...window, count_include_pad: 1 } }),
  ],
  [
    "AveragePool that counts padding, rounded up",
    single(
      "AveragePool",
      { x: normal("image10", [1, 2, 10, 9]) },
      {
        opset: 19,
        attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1, ceil_mode: 1 },
      },
    ),
  ],
  ["GlobalAveragePool", single("GlobalAveragePool", { x: image })],
  ["GlobalAveragePool of one axis", single("GlobalAveragePool", { x: row })],
  ["GlobalMaxPool", single("GlobalMaxPool", { x: image })],
];

const four = { gain: normal("gain4", [4], 1, 0.2), shift: normal("shift4", [4]) };
const statistics = { mean: normal("mean4", [4]), variance: tensor([0.5, 1.5, 1, 2]) };
const normalization: [string, OperatorCase][] = [
  [
    "BatchNormalization",
    single(
      "BatchNormalization",
      { x: image },
      { attributes: { epsilon: { float: 1e-3 } }, initializers: { ...four, ...statistics } },
    ),
  ],
  [
    "BatchNormalization of rows",
    single(
      "BatchNormalization",
      { x: normal("rows4", [5, 4]) },
      { opset: 13, initializers: { ...four, ...statistics } },
    ),
  ],
  ["LayerNormalization", single("LayerNormalization", { x: x234 }, { initializers: four })],
  [
    "LayerNormalization of two axes, with its statistics",
    single(
      "LayerNormalization",
      { x: x234 },
      {
        attributes: { axis: 1 },
        initializers: { gain: normal("gain34", [3, 4]) },
        outputs: { y: "float32", mean: "float32", inverse: "float32" },
      },
    ),
  ],
  ["InstanceNormalization", single("InstanceNormalization", { x: image }, { initializers: four })],
  [
    "GroupNormalization, opset 21",
    single("GroupNormalization", { x: image }, { opset: 21, attributes: { num_groups: 2 }, initializers: four }),
  ],
  [
    "GroupNormalization, opset 18",
    single(
      "GroupNormalization",
      { x: image },
      {
        opset: 18,
        attributes: { num_groups: 2 },
        initializers: { gain: normal("gain2", [2]), shift: normal("shift2", [2]) },
      },
    ),
  ],
  ["LpNormalization", single("LpNormalization", { x: x234 }, { attributes: { axis: 1 } })],
  ["LpNormalization of p 1", single("LpNormalization", { x: x234 }, { attributes: { axis: -1, p: 1 } })],
  [
    "LRN",
    single(
      "LRN",
      { x: image },
      { attributes: { size: 3, alpha: { float: 0.1 }, beta: { float: 0.6 }, bias: { float: 1.5 } } },
    ),
  ],
  ["MeanVarianceNormalization", single("MeanVarianceNormalization", { x: image })],
];

const reductions = [
  "ReduceSum",
  "ReduceMean",
  "ReduceMax",
  "ReduceMin",
  "ReduceProd",
  "ReduceL1",
  "ReduceL2",
  "ReduceSumSquare",
  "ReduceLogSumExp",
];
const reduction: [string, OperatorCase][] = [
  ...reductions.flatMap((operator): [string, OperatorCase][] => [
    [
      `${operator}, axes as an input`,
      single(operator, { x: x234 }, { opset: 18, attributes: { keepdims: 0 }, initializers: { axes: ints(-1, 0) } }),
    ],
    [`${operator} of all`, single(operator, { x: x234 }, { opset: 11 })],
  ]),
  [
    "ReduceMean, axes as an attribute",
    single("ReduceMean", { x: x234 }, { opset: 13, attributes: { axes: [1], keepdims: 0 } }),
  ],
  [
    "ReduceSum of no axes",
    single(
      "ReduceSum",
      { x: x234 },
      { attributes: { noop_with_empty_axes: 1 }, initializers: { axes: tensor([], [0], "int64") } },
    ),
  ],
  ["ReduceLogSum", single("ReduceLogSum", { x: positive }, { opset: 18, initializers: { axes: ints(1) } })],
  ["ReduceSum of integers", single("ReduceSum", { x: ints(3, -1, 5) }, { outputs: { y: "int64" } })],
  ["ArgMax", single("ArgMax", { x: x234 }, { attributes: { axis: 1 }, outputs: { y: "int64" } })],
  [
    "ArgMin without the axis",
    single("ArgMin", { x: x234 }, { attributes: { axis: -1, keepdims: 0 }, outputs: { y: "int64" } }),
  ],
  ["TopK", single("TopK", { x: x234 }, { initializers: { k: ints(2) }, outputs: { y: "float32", at: "int64" } })],
  [
    "TopK, smallest",
    single(
      "TopK",
      { x: x234 },
      { attributes: { axis: 1, largest: 0 }, initializers: { k: ints(2) }, outputs: { y: "float32", at: "int64" } },
    ),
  ],
  ...[0, 1].flatMap((exclusive) =>
    [0, 1].map((reverse): [string, OperatorCase] => [
      `CumSum, exclusive ${exclusive}, reverse ${reverse}`,
      single("CumSum", { x: x234 }, { attributes: { exclusive, reverse }, initializers: { axis: int(1) } }),
    ]),
  ),
];

const structure: [string, OperatorCase][] = [
  ["Reshape", single("Reshape", { x: x234 }, { initializers: { shape: ints(0, -1, 2) } })],
  ["Flatten", single("Flatten", { x: image })],
  ["Flatten at 0", single("Flatten", { x: image }, { attributes: { axis: 0 } })],
  ["Flatten at the end", single("Flatten", { x: image }, { attributes: { axis: -1 } })],
  ["Squeeze", single("Squeeze", { x: normal("sq", [1, 3, 1, 2]) }, { initializers: { axes: ints(-2) } })],
  ["Squeeze of all", single("Squeeze", { x: normal("sq", [1, 3, 1, 2]) })],
  ["Squeeze, opset 11", single("Squeeze", { x: normal("sq", [1, 3, 1, 2]) }, { opset: 11, attributes: { axes: [0] } })],
  ["Unsqueeze", single("Unsqueeze", { x: x234 }, { initializers: { axes: ints(0, -1) } })],
  ["Unsqueeze, opset 11", single("Unsqueeze", { x: x234 }, { opset: 11, attributes: { axes: [1, 3] } })],
  ["Transpose", single("Transpose", { x: x234 })],
  ["Transpose by an order", single("Transpose", { x: x234 }, { attributes: { perm: [1, 2, 0] } })],
  ["Concat", single("Concat", { x: x234, b: normal("cb", [2, 1, 4]) }, { attributes: { axis: -2 } })],
  [
    "Slice",
    single("Slice", { x: image }, { initializers: { starts: ints(1, -3), ends: ints(1000, -1), axes: ints(1, 2) } }),
  ],
  [
    "Slice with steps",
    single(
      "Slice",
      { x: image },
      { initializers: { starts: ints(0, 7), ends: ints(9, -100), axes: ints(2, 3), steps: ints(2, -3) } },
    ),
  ],
  [
    "Split, opset 11",
    single(
      "Split",
      { x: x234 },
      { opset: 11, attributes: { axis: 2, split: [1, 3] }, outputs: { y: "float32", z: "float32" } },
    ),
  ],
  [
    "Split",
    single(
      "Split",
      { x: x234 },
      { attributes: { axis: 2 }, initializers: { split: ints(3, 1) }, outputs: { y: "float32", z: "float32" } },
    ),
  ],
  [
    "Split in equal parts",
    single(
      "Split",
      { x: x234 },
      { opset: 18, attributes: { axis: 1, num_outputs: 2 }, outputs: { y: "float32", z: "float32" } },
    ),
  ],
  ["Expand", single("Expand", { x: normal("ex", [3, 1]) }, { initializers: { shape: ints(2, 1, 4) } })],
  ["Expand of a wider input", single("Expand", { x: x234 }, { initializers: { shape: ints(1, 4) } })],
  ["Tile", single("Tile", { x: x234 }, { initializers: { repeats: ints(1, 2, 3) } })],
  ["Pad", single("Pad", { x: x234 }, { initializers: { pads: ints(0, 1, 2, 0, 0, 1), value: float(-1.5) } })],
  ["Pad and cut", single("Pad", { x: x234 }, { initializers: { pads: ints(0, -1, 2, 0, 1, -1) } })],
  [
    "Pad of some axes",
    single("Pad", { x: x234 }, { opset: 18, initializers: { pads: ints(1, 2), none: float(0), axes: ints(-1) } }),
  ],
  ...["reflect", "edge"].map((mode): [string, OperatorCase] => [
    `Pad by ${mode}`,
    single("Pad", { x: image }, { attributes: { mode }, initializers: { pads: ints(0, 0, 2, 3, 0, 0, 1, 2) } }),
  ]),
  [
    "Pad by wrap",
    single(
      "Pad",
      { x: image },
      { opset: 19, attributes: { mode: "wrap" }, initializers: { pads: ints(0, 0, 2, 3, 0, 0, 1, 2) } },
    ),
  ],
  ...["DCR", "CRD"].map((mode): [string, OperatorCase] => [
    `DepthToSpace ${mode}`,
    single("DepthToSpace", { x: normal("d2s", [2, 8, 3, 2]) }, { attributes: { blocksize: 2, mode } }),
  ]),
  ["SpaceToDepth", single("SpaceToDepth", { x: normal("s2d", [2, 3, 4, 6]) }, { attributes: { blocksize: 2 } })],
  ["Trilu", single("Trilu", { x: x234 }, { initializers: { k: int(1) } })],
  ["Trilu, lower", single("Trilu", { x: x234 }, { attributes: { upper: 0 } })],
  ["Dropout", single("Dropout", { x: x234 })],
  ["Shape of a part", single("Shape", { x: image }, { attributes: { start: 1, end: -1 }, outputs: { y: "int64" } })],
  ["Size", single("Size", { x: image }, { outputs: { y: "int64" } })],
];

const resizing: [string, OperatorCase][] = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"].flatMap(
  (coordinate_transformation_mode) => [
    ...["linear", "nearest"].map((mode): [string, OperatorCase] => [
      `Resize ${mode}, ${coordinate_transformation_mode}`,
      single(
        "Resize",
        { x: image },
        {
          attributes: { mode, coordinate_transformation_mode },
          initializers: { none: float(0), scales: tensor([1, 1, 2, 1.5]) },
        },
      ),
    ]),
    [
      `Resize to sizes, ${coordinate_transformation_mode}`,
      single(
        "Resize",
        { x: image },
        {
          attributes: { mode: "linear", coordinate_transformation_mode },
          initializers: { none: float(0), none2: float(0), sizes: ints(2, 4, 5, 12) },
        },
      ),
    ] as [string, OperatorCase],
  ],
);

const indexing: [string, OperatorCase][] = [
  ["Gather of one", single("Gather", { x: x234 }, { attributes: { axis: 1 }, initializers: { i: int(-1) } })],
  [
    "Gather of a table",
    {
      feeds: { i: tensor([2, 0, 1, 2], [2, 2], "int64") },
      initializers: w(3, 4),
      nodes: [node("Gather", ["w", "i"], ["y"])],
      outputs: { y: "float32" },
    },
  ],
  [
    "Gather of several",
    single(
      "Gather",
      { x: x234 },
      { attributes: { axis: 2 }, initializers: { i: tensor([3, -4, 1, 1], [2, 2], "int64") } },
    ),
  ],
  [
    "GatherElements",
    single(
      "GatherElements",
      { x: x234, i: tensor([0, 2, 1, 1, 0, 0, 2, 2], [1, 2, 4], "int64") },
      { attributes: { axis: 1 } },
    ),
  ],
  ["GatherND", single("GatherND", { x: x234 }, { initializers: { i: tensor([0, 1, 1, -1], [2, 2], "int64") } })],
  ["GatherND by fed indices", single("GatherND", { x: x234, i: tensor([0, 1, 1, 2], [2, 2], "int64") })],
  [
    "ScatterElements",
    single(
      "ScatterElements",
      { x: x234, i: tensor([0, 2, 1, 1], [1, 1, 4], "int64"), u: normal("su", [1, 1, 4]) },
      { attributes: { axis: 1 } },
    ),
  ],
  [
    "ScatterElements that adds",
    single(
      "ScatterElements",
      { x: x234, i: tensor([0, 2, 2, 1], [1, 1, 4], "int64"), u: normal("su", [1, 1, 4]) },
      { attributes: { axis: 2, reduction: "add" } },
    ),
  ],
  ["ScatterND", single("ScatterND", { x: x234, i: tensor([0, 1, 1, 2], [2, 2], "int64"), u: normal("nu", [2, 4]) })],
  ["OneHot", single("OneHot", { i: ints(1, 0, 2) }, { initializers: { depth: int(3), values: tensor([-1, 2]) } })],
  [
    "OneHot on the first axis",
    single(
      "OneHot",
      { i: ints(1, 0, 2) },
      { attributes: { axis: 0 }, initializers: { depth: int(4), values: tensor([0, 1]) } },
    ),
  ],
];

const sequence = normal("sequence", [5, 2, 3]);
/** Weights of a layer of 4 cells for inputs of width 3. */
const cells = (gates: number, directions: number): Tensors => ({
  w: normal(`cells w ${gates}`, [directions, gates * 4, 3]),
  r: normal(`cells r ${gates}`, [directions, gates * 4, 4]),
  b: normal(`cells b ${gates}`, [directions, gates * 8]),
});
const lstmOutputs = { y: "float32", h: "float32", c: "float32" } as const;
const recurrent: [string, OperatorCase][] = [
  ...(["forward", "reverse", "bidirectional"] as const).flatMap((direction): [string, OperatorCase][] => {
    const directions = direction === "bidirectional" ? 2 : 1;
    const attributes = { direction, hidden_size: 4 };
    return [
      [
        `LSTM ${direction}`,
        single("LSTM", { x: sequence }, { attributes, initializers: cells(4, directions), outputs: lstmOutputs }),
      ],
      [
        `GRU ${direction}`,
        single(
          "GRU",
          { x: sequence },
          { attributes, initializers: cells(3, directions), outputs: { y: "float32", h: "float32" } },
        ),
      ],
    ];
  }),
  [
    "GRU that resets the product",
    single(
      "GRU",
      { x: sequence },
      { attributes: { hidden_size: 4, linear_before_reset: 1 }, initializers: cells(3, 1) },
    ),
  ],
  [
    "LSTM that goes on from a state",
    {
      feeds: { x: sequence, h0: normal("h0", [1, 2, 4]), c0: normal("c0", [1, 2, 4]) },
      initializers: cells(4, 1),
      nodes: [node("LSTM", ["x", "w", "r", "b", "", "h0", "c0"], ["y", "h", "c"], { hidden_size: 4 })],
      outputs: lstmOutputs,
    },
  ],
];

/** A node of known inputs alone, which is computed while the model is imported. */
function known(
  operator: string,
  inputs: Tensors,
  attributes: CaseOptions["attributes"] = {},
  dtype: DType = "int64",
  opset = 17,
): OperatorCase {
  const constants = Object.entries(inputs).map(([name, value]) => node("Constant", [], [name], { value }));
  return {
    opset,
    nodes: [...constants, node(operator, Object.keys(inputs), ["y"], attributes)],
    outputs: { y: dtype },
  };
}

const [a6, b3] = [tensor([7, -7, 8, -3, 0, 5], [2, 3], "int64"), ints(2, -3, 4)];
const halves = tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.3]);
const truths = tensor([0, 1, 1, 0, 1, 0], [2, 3], "bool");
/** What is computed from sizes and constants at once. */
export const knownCases: readonly (readonly [string, OperatorCase])[] = [
  ...["Add", "Sub", "Mul", "Div", "Mod", "Max", "Min"].map((operator): [string, OperatorCase] => [
    operator,
    known(operator, { a: a6, b: b3 }),
  ]),
  ["Mod with the dividend's sign", known("Mod", { a: a6, b: b3 }, { fmod: 1 })],
  ...["Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"].map((operator): [string, OperatorCase] => [
    operator,
    known(operator, { a: a6, b: b3 }, {}, "bool"),
  ]),
  ...["And", "Or", "Xor"].map((operator): [string, OperatorCase] => [
    operator,
    known(operator, { a: truths, b: tensor([1, 1, 0], [3], "bool") }, {}, "bool"),
  ]),
  ["Not", known("Not", { a: truths }, {}, "bool")],
  ...["Floor", "Ceil", "Round", "Exp", "Sin", "Cos", "Sqrt", "Abs", "Neg", "Sign", "Tanh"].map(
    (operator): [string, OperatorCase] => [
      operator,
      known(operator, { a: operator === "Sqrt" ? positive : halves }, {}, "float32"),
    ],
  ),
  ["Pow", known("Pow", { a: positive, b: float(-0.5) }, {}, "float32")],
  ["Clip", known("Clip", { a: halves, low: float(-1), high: float(1) }, {}, "float32")],
  ["Cast to int64", known("Cast", { a: halves }, { to: 7 })],
  ["Cast to bool", known("Cast", { a: a6 }, { to: 9 }, "bool")],
  ["Where", known("Where", { c: truths, a: a6, b: b3 })],
  ["Range", known("Range", { a: int(7), b: int(-3), c: int(-2) })],
  ["Range of nothing", known("Range", { a: int(0), b: int(-3), c: int(2) })],
  ["ConstantOfShape", known("ConstantOfShape", { a: ints(2, 3) }, { value: tensor([5], [1], "int64") })],
  ["ConstantOfShape of zeros", known("ConstantOfShape", { a: ints(2) }, {}, "float32")],
  ["Reshape", known("Reshape", { a: a6, b: ints(3, -1) })],
  ["Squeeze", known("Squeeze", { a: tensor([1, 2], [1, 2, 1], "int64"), b: ints(-1) })],
  ["Unsqueeze", known("Unsqueeze", { a: a6, b: ints(0, -1) })],
  ["Flatten", known("Flatten", { a: tensor([1, 2, 3, 4], [2, 1, 2], "float32") }, {}, "float32")],
  ["Transpose", known("Transpose", { a: a6 })],
  ["Slice backwards", known("Slice", { a: a6, s: ints(-1, 0), e: ints(-1000, 2), x: ints(1, 0), st: ints(-2, 1) })],
  [
    "Slice to the largest number",
    known("Slice", { a: a6, s: ints(1), e: tensor(BigInt64Array.of(2n ** 63n - 1n), [1], "int64"), x: ints(1) }),
  ],
  [
    "Split",
    {
      ...known("Split", { a: a6, s: ints(1, 2) }),
      nodes: [
        node("Constant", [], ["a"], { value: a6 }),
        node("Constant", [], ["s"], { value: ints(1, 2) }),
        node("Split", ["a", "s"], ["y", "z"], { axis: 1 }),
      ],
      outputs: { y: "int64", z: "int64" },
    },
  ],
  ["Expand", known("Expand", { a: b3, b: ints(2, 2, 1) })],
  ["Tile", known("Tile", { a: a6, b: ints(2, 3) })],
  ["Concat", known("Concat", { a: a6, b: tensor([1, 2], [2, 1], "int64") }, { axis: -1 })],
  ["Trilu", known("Trilu", { a: tensor([...Array(18).keys()], [2, 3, 3], "int64"), k: int(-1) }, { upper: 0 })],
  ["Gather", known("Gather", { a: a6, i: tensor([2, -3, 0, 0], [2, 2], "int64") }, { axis: 1 })],
  ["GatherND", known("GatherND", { a: a6, i: tensor([0, 2, -1, 1], [2, 2], "int64") })],
  [
    "ScatterND",
    known("ScatterND", { a: a6, i: tensor([1, 0], [2, 1], "int64"), u: tensor([1, 2, 3, 4, 5, 6], [2, 3], "int64") }),
  ],
  ["NonZero", known("NonZero", { a: a6 })],
  ...["ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin"].map((operator): [string, OperatorCase] => [
    operator,
    known(operator, { a: a6, x: ints(1) }, { keepdims: 0 }, "int64", 18),
  ]),
  ["ReduceMean", known("ReduceMean", { a: positive, x: ints(0, 2) }, {}, "float32", 18)],
  ["CumSum", known("CumSum", { a: a6, x: int(1) }, { exclusive: 1, reverse: 1 })],
];

/** Every operator that is imported, in the forms of its versions. */
export const operatorCases: readonly (readonly [string, OperatorCase])[] = [
  ...elementwise,
  ...softmaxes,
  ...linear,
  ...pooling,
  ...normalization,
  ...reduction,
  ...structure,
  ...resizing,
  ...indexing,
  ...recurrent,
];
