import { type Tensor, tensor } from "../../src/core/index.js";
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

/** Every operator that is imported, in the forms of its versions. */
export const operatorCases: readonly (readonly [string, OperatorCase])[] = [...elementwise, ...softmaxes];
export { float, image, int, ints, positive, single, x234 };
