import { type Tensor, tensor } from "../../src/core/index.js";
import * as g from "../../src/graph/index.js";
import { bools, distinct, integers, normal, tied, uniform } from "./random-tensors.js";

type Value = g.Value;

/** A small application of one primitive, to compare executions of it and to check its derivative. */
export interface PrimitiveCase {
  readonly name: string;
  /** Input tensors by name; a graph input of the same dtype and shape is declared for each. */
  readonly inputs: g.Tensors;
  readonly build: (inputs: Readonly<Record<string, Value>>) => Value;
  /** Whether finite differences at these inputs see the derivative that `gradients` builds. */
  readonly differentiable: boolean;
}

/** A case as part of a graph. */
export interface BuiltCase {
  readonly graph: g.Graph;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly output: Value;
}

/** Declares the inputs of a case in a fresh graph and applies the operation. */
export function buildCase({ inputs, build }: Pick<PrimitiveCase, "inputs" | "build">): BuiltCase {
  const graph = new g.Graph();
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }]) => [name, graph.input(name, shape, dtype)]),
  );
  return { graph, inputs: values, output: build(values) };
}

type Build<K extends string> = (inputs: Readonly<Record<K, Value>>) => Value;

/** A case at which the derivative exists. */
function smooth<K extends string>(name: string, inputs: Record<K, Tensor>, build: Build<K>): PrimitiveCase {
  return { name, inputs, build: build as PrimitiveCase["build"], differentiable: true };
}

/** A case without a derivative, or at a kink. */
function plain<K extends string>(name: string, inputs: Record<K, Tensor>, build: Build<K>): PrimitiveCase {
  return { name, inputs, build: build as PrimitiveCase["build"], differentiable: false };
}

/** The shapes on which every broadcasting operation is tried. */
const broadcasts = [
  ["same shape", [2, 3], [2, 3]],
  ["scalar on the right", [2, 3], []],
  ["scalar on the left", [], [2, 3]],
  ["missing leading axes", [4, 2, 3], [3]],
  ["one per channel", [2, 3, 2, 2], [1, 3, 1, 1]],
  ["both stretched", [2, 1, 3], [4, 1]],
] as const;

const binaryCases = (
  operation: (a: Value, b: Value) => Value,
  make: (key: string, shape: readonly number[], side: 0 | 1) => Tensor,
  kind: typeof smooth,
): PrimitiveCase[] =>
  broadcasts.map(([name, a, b]) =>
    kind(name, { a: make(`a ${name}`, a, 0), b: make(`b ${name}`, b, 1) }, (v) => operation(v.a, v.b)),
  );

const anyNumbers = (key: string, shape: readonly number[]): Tensor => normal(key, shape);
const apart = (key: string, shape: readonly number[], side: 0 | 1): Tensor => distinct(key, shape, side * 0.0625);

const unaryCases = (operation: (x: Value) => Value, x: Tensor, kind: typeof smooth = smooth): PrimitiveCase[] => [
  kind("of a matrix", { x }, (v) => operation(v.x)),
  kind("of a scalar", { x: { ...x, shape: [], data: x.data.slice(0, 1) } as Tensor }, (v) => operation(v.x)),
];

const kinks = tensor([-2, -1, -0.5, 0, -0, 0.5, 1, 2], [2, 4]);
const tiesAB = { a: tensor([1, 2, 0, -1], [4]), b: tensor([1, 1, 0, -0.5], [4]) };
const signed = distinct("signed", [3, 4]);
const positive = uniform("positive", [3, 4], 0.3, 3);

const window = {
  image: normal("image", [2, 4, 6, 5]),
  single: normal("single", [1, 1, 4, 4]),
};

/** What the three convolution primitives are tried on. */
const convolutions: readonly {
  readonly name: string;
  readonly x: Tensor;
  readonly w: Tensor;
  readonly options: g.Conv2dOptions;
}[] = [
  { name: "3×3", x: window.image, w: normal("w33", [3, 4, 3, 3]), options: {} },
  { name: "3×3, padding 1", x: window.image, w: normal("w33", [3, 4, 3, 3]), options: { padding: 1 } },
  { name: "1×1", x: window.image, w: normal("w11", [5, 4, 1, 1]), options: {} },
  { name: "1×1, stride 2", x: window.image, w: normal("w11", [5, 4, 1, 1]), options: { stride: 2 } },
  { name: "stride 2, padding 1", x: window.image, w: normal("w33", [3, 4, 3, 3]), options: { stride: 2, padding: 1 } },
  {
    name: "stride 2 that leaves a row over",
    x: normal("odd", [2, 2, 8, 8]),
    w: normal("wodd", [2, 2, 3, 3]),
    options: { stride: 2, padding: 0 },
  },
  {
    name: "stride 3 with a 2×2 kernel, which skips elements",
    x: normal("skip", [1, 2, 8, 7]),
    w: normal("wskip", [2, 2, 2, 2]),
    options: { stride: 3 },
  },
  { name: "dilation 2", x: window.image, w: normal("w33", [3, 4, 3, 3]), options: { dilation: 2, padding: 2 } },
  {
    name: "asymmetric padding, stride and dilation, 2×3 kernel",
    x: window.image,
    w: normal("w23", [3, 4, 2, 3]),
    options: { padding: [0, 1, 2, 3], stride: [1, 2], dilation: [2, 1] },
  },
  { name: "two groups", x: window.image, w: normal("wg", [6, 2, 3, 3]), options: { groups: 2, padding: 1 } },
  { name: "depthwise", x: window.image, w: normal("wd", [4, 1, 3, 3]), options: { groups: 4, padding: 1 } },
  {
    name: "depthwise with two outputs a channel, stride 2",
    x: window.image,
    w: normal("wdd", [8, 1, 3, 3]),
    options: { groups: 4, padding: 1, stride: 2 },
  },
  { name: "kernel as large as the image", x: window.single, w: normal("w44", [2, 1, 4, 4]), options: {} },
  {
    name: "5×5, padding 2, on a 2×2 image",
    x: normal("tiny", [2, 3, 2, 2]),
    w: normal("w55", [2, 3, 5, 5]),
    options: { padding: 2 },
  },
  {
    name: "16 → 16 channels, 8×8",
    x: normal("x16", [2, 16, 8, 8]),
    w: normal("w16", [16, 16, 3, 3]),
    options: { padding: 1 },
  },
  {
    name: "16 → 32 channels, 8×8, stride 2",
    x: normal("x16", [2, 16, 8, 8]),
    w: normal("w32", [32, 16, 3, 3]),
    options: { padding: 1, stride: 2 },
  },
];

const outputShape = (x: Tensor, w: Tensor, options: g.Conv2dOptions): readonly number[] =>
  buildCase({ inputs: { x, w }, build: (v) => g.conv2d(v.x!, v.w!, options) }).output.shape;

/** What the poolings are tried on. */
const poolings: readonly { readonly name: string; readonly options: g.Pool2dOptions }[] = [
  { name: "2×2", options: { kernel: 2 } },
  { name: "3×3, stride 2, padding 1", options: { kernel: 3, stride: 2, padding: 1 } },
  { name: "3×2, stride 1, overlapping", options: { kernel: [3, 2], stride: 1 } },
  { name: "asymmetric padding", options: { kernel: [2, 3], stride: 2, padding: [0, 1, 1, 0] } },
  { name: "whole image", options: { kernel: [6, 5] } },
];
const dilatedPooling = { name: "dilation 2", options: { kernel: 2, stride: 1, dilation: 2 } };

/** A random tensor of the shape that a pooling of the image gives. */
const pooled = (options: g.Pool2dOptions): Tensor => {
  const pool = (v: Readonly<Record<string, Value>>): Value => g.maxPool2d(v.x!, options);
  return normal("dy", buildCase({ inputs: { x: window.image }, build: pool }).output.shape);
};

const indexDtypes = ["int32", "int64"] as const;
const cube = normal("cube", [3, 4, 5]);
const wide = distinct("wide", [3, 7]);
const whole64 = tensor([0, 1, 2, 3, 4, 5], [2, 3], "int64");
const whole32 = tensor([5, -4, 3, -2, 1, 0], [2, 3], "int32");

/** Cases of every primitive. Inputs are float32 numbers, so that all executions start from the same values. */
export const primitiveCases: { readonly [N in g.PrimitiveName]: readonly PrimitiveCase[] } = {
  add: binaryCases(g.add, anyNumbers, smooth),
  sub: binaryCases(g.sub, anyNumbers, smooth),
  mul: [
    ...binaryCases(g.mul, anyNumbers, smooth),
    smooth("of a value with itself", { x: signed }, ({ x }) => g.mul(x, x)),
    smooth("by a number", { x: signed }, ({ x }) => g.mul(x, -2.5)),
  ],
  div: binaryCases(g.div, (key, shape) => uniform(key, shape, 0.5, 2), smooth),
  maximum: [...binaryCases(g.maximum, apart, smooth), plain("ties", tiesAB, ({ a, b }) => g.maximum(a, b))],
  minimum: [...binaryCases(g.minimum, apart, smooth), plain("ties", tiesAB, ({ a, b }) => g.minimum(a, b))],
  greater: [
    ...binaryCases(g.greater, (key, shape) => tied(key, shape), plain),
    plain("of int64", { a: whole64, b: tensor([2], [], "int64") }, ({ a, b }) => g.greater(a, b)),
    plain("of int32", { a: whole32, b: tensor([1], [1], "int32") }, ({ a, b }) => g.greater(a, b)),
  ],
  equal: [
    ...binaryCases(g.equal, (key, shape) => tied(key, shape), plain),
    plain("of int64", { a: whole64, b: tensor([2, 1, 2], [3], "int64") }, ({ a, b }) => g.equal(a, b)),
    plain("of int32", { a: whole32, b: tensor([3], [1], "int32") }, ({ a, b }) => g.equal(a, b)),
  ],
  neg: unaryCases(g.neg, signed),
  abs: [...unaryCases(g.abs, signed), plain("at 0", { x: kinks }, ({ x }) => g.abs(x))],
  sign: [...unaryCases(g.sign, signed), plain("at 0", { x: kinks }, ({ x }) => g.sign(x))],
  step: [...unaryCases(g.step, signed), plain("at 0", { x: kinks }, ({ x }) => g.step(x))],
  exp: unaryCases(g.exp, signed),
  log: unaryCases(g.log, positive),
  sqrt: [...unaryCases(g.sqrt, positive), plain("at 0", { x: tensor([0, 4], [2]) }, ({ x }) => g.sqrt(x))],
  reciprocal: unaryCases(g.reciprocal, positive),
  relu: [...unaryCases(g.relu, signed), plain("at 0", { x: kinks }, ({ x }) => g.relu(x))],
  tanh: [
    ...unaryCases(g.tanh, signed),
    plain("far out", { x: tensor([-100, -20, 20, 100], [4]) }, ({ x }) => g.tanh(x)),
  ],
  sigmoid: [
    ...unaryCases(g.sigmoid, signed),
    plain("far out", { x: tensor([-100, -20, 20, 100], [4]) }, ({ x }) => g.sigmoid(x)),
  ],
  erf: [
    ...unaryCases(g.erf, signed),
    plain("far out", { x: tensor([-8, -3, 0, 1e-6, 3, 8], [6]) }, ({ x }) => g.erf(x)),
  ],
  asin: unaryCases(g.asin, uniform("inside", [3, 4], -0.9, 0.9)),
  power: [
    ...unaryCases((x) => g.power(x, 1.5), positive),
    smooth("a negative exponent", { x: positive }, ({ x }) => g.power(x, -0.5)),
    smooth("an even exponent of negative numbers", { x: signed }, ({ x }) => g.power(x, 4)),
    smooth("exponent 1", { x: signed }, ({ x }) => g.power(x, 1)),
  ],
  where: [
    smooth("same shape", { c: bools("c", [2, 3]), a: normal("a", [2, 3]), b: normal("b", [2, 3]) }, ({ c, a, b }) =>
      g.where(c, a, b),
    ),
    smooth(
      "all broadcast",
      { c: bools("c", [3, 1]), a: normal("a", [1, 4]), b: normal("b", [2, 1, 1]) },
      ({ c, a, b }) => g.where(c, a, b),
    ),
    smooth("a number as a branch", { c: bools("c", [2, 3]), a: normal("a", [3]) }, ({ c, a }) => g.where(c, a, -1)),
    plain("int64 branches", { c: bools("c", [3]), a: whole64, b: tensor([7], [], "int64") }, ({ c, a, b }) =>
      g.where(c, a, b),
    ),
  ],

  reduceSum: [
    smooth("over all axes", { x: cube }, ({ x }) => g.reduceSum(x)),
    smooth("over the first axis", { x: cube }, ({ x }) => g.reduceSum(x, [0])),
    smooth("over the last axis", { x: cube }, ({ x }) => g.reduceSum(x, [-1])),
    smooth("over all but the channels", { x: window.image }, ({ x }) => g.reduceSum(x, [0, 2, 3])),
    smooth("over an axis of size 1", { x: normal("x", [3, 1]) }, ({ x }) => g.reduceSum(x, [1])),
    plain("over 4096 elements", { x: normal("long", [2, 16, 16, 16]) }, ({ x }) => g.reduceSum(x, [1, 2, 3])),
  ],
  reduceMax: [
    smooth("over all axes", { x: distinct("max", [3, 4, 5]) }, ({ x }) => g.reduceMax(x)),
    smooth("over the middle axis", { x: distinct("max", [3, 4, 5]) }, ({ x }) => g.reduceMax(x, [1])),
    smooth("over all but the channels", { x: distinct("max", [2, 3, 2, 2]) }, ({ x }) => g.reduceMax(x, [0, 2, 3])),
    plain("ties", { x: tied("max", [3, 8]) }, ({ x }) => g.reduceMax(x, [1])),
  ],
  topK: [
    smooth("last axis", { x: wide }, ({ x }) => g.topK(x, 3)),
    smooth("first axis", { x: wide }, ({ x }) => g.topK(x, 2, 0)),
    smooth("inner axis", { x: distinct("inner", [2, 5, 3]) }, ({ x }) => g.topK(x, 2, 1)),
    smooth("all elements (a sort)", { x: wide }, ({ x }) => g.topK(x, 7)),
    smooth("k = 1", { x: wide }, ({ x }) => g.topK(x, 1)),
    plain("ties", { x: tied("topk", [3, 9]) }, ({ x }) => g.topK(x, 5)),
  ],
  topKIndices: [
    plain("last axis", { x: wide }, ({ x }) => g.topKIndices(x, 3)),
    plain("inner axis", { x: distinct("inner", [2, 5, 3]) }, ({ x }) => g.topKIndices(x, 2, 1)),
    plain("ties: the first first", { x: tied("topk", [3, 9]) }, ({ x }) => g.topKIndices(x, 5)),
  ],
  argMax: [
    plain("last axis", { x: wide }, ({ x }) => g.argMax(x)),
    plain("inner axis", { x: distinct("inner", [2, 5, 3]) }, ({ x }) => g.argMax(x, 1)),
    plain("ties: the first", { x: tied("argmax", [4, 9]) }, ({ x }) => g.argMax(x)),
  ],
  logSoftmax: [
    smooth("last axis", { x: normal("logits", [3, 5]) }, ({ x }) => g.logSoftmax(x)),
    smooth("inner axis", { x: normal("logits", [2, 4, 3]) }, ({ x }) => g.logSoftmax(x, 1)),
    plain("large logits", { x: tensor([1000, 999, -1000, 0], [2, 2]) }, ({ x }) => g.logSoftmax(x)),
  ],

  matmul: [
    smooth("matrices", { a: normal("ma", [3, 4]), b: normal("mb", [4, 5]) }, ({ a, b }) => g.matmul(a, b)),
    smooth("batched", { a: normal("ma", [2, 3, 4]), b: normal("mb", [2, 4, 5]) }, ({ a, b }) => g.matmul(a, b)),
    ...[[3, 4, 5] as const, [2, 3, 4, 5] as const, [2, 2, 3, 4, 5] as const].flatMap((sizes) => {
      const [batch, [m, k, n]] = [sizes.slice(0, -3), sizes.slice(-3) as [number, number, number]];
      const [a, b] = [normal("ma", [...batch, m, k]), normal("mb", [...batch, k, n])];
      const [aT, bT] = [normal("ma", [...batch, k, m]), normal("mb", [...batch, n, k])];
      const t = g.transposeLast;
      return [
        smooth(`first transposed, ${sizes}`, { a: aT, b }, (v) => g.matmul(t(v.a), v.b)),
        smooth(`second transposed, ${sizes}`, { a, b: bT }, (v) => g.matmul(v.a, t(v.b))),
        smooth(`both transposed, ${sizes}`, { a: aT, b: bT }, (v) => g.matmul(t(v.a), t(v.b))),
        smooth(`transposed twice, ${sizes}`, { a, b: bT }, (v) => g.matmul(t(t(v.a)), t(t(t(v.b))))),
      ];
    }),
    smooth("a matrix for all of a batch, transposed", { a: normal("ma", [2, 3, 4]), b: normal("mb", [5, 4]) }, (v) =>
      g.matmul(v.a, g.transposeLast(v.b)),
    ),
    smooth("one matrix for a batch", { a: normal("ma", [2, 3, 4]), b: normal("mb", [4, 2]) }, ({ a, b }) =>
      g.matmul(a, b),
    ),
    smooth("both batches stretched", { a: normal("ma", [2, 1, 3, 4]), b: normal("mb", [3, 4, 2]) }, ({ a, b }) =>
      g.matmul(a, b),
    ),
    smooth("row times column", { a: normal("ma", [1, 6]), b: normal("mb", [6, 1]) }, ({ a, b }) => g.matmul(a, b)),
    smooth("column times row", { a: normal("ma", [5, 1]), b: normal("mb", [1, 7]) }, ({ a, b }) => g.matmul(a, b)),
    smooth("larger than a tile", { a: normal("ma", [9, 11]), b: normal("mb", [11, 10]) }, ({ a, b }) => g.matmul(a, b)),
  ],

  conv2d: convolutions.map(({ name, x, w, options }) => smooth(name, { x, w }, (v) => g.conv2d(v.x, v.w, options))),
  conv2dInputGradient: convolutions.map(({ name, x, w, options }) =>
    smooth(name, { dy: normal("dy", outputShape(x, w, options)), w }, (v) =>
      g.conv2dInputGradient(v.dy, v.w, x.shape, options),
    ),
  ),
  conv2dWeightGradient: convolutions.map(({ name, x, w, options }) =>
    smooth(name, { x, dy: normal("dy", outputShape(x, w, options)) }, (v) =>
      g.conv2dWeightGradient(v.x, v.dy, w.shape, options),
    ),
  ),

  maxPool2d: [
    ...[...poolings, dilatedPooling].map(({ name, options }) =>
      smooth(name, { x: distinct("pool", window.image.shape) }, ({ x }) => g.maxPool2d(x, options)),
    ),
    plain("ties", { x: tied("pool", [2, 3, 6, 6]) }, ({ x }) => g.maxPool2d(x, { kernel: 2 })),
    plain("negative numbers beside padding", { x: uniform("below", [1, 2, 4, 4], -2, -1) }, ({ x }) =>
      g.maxPool2d(x, { kernel: 3, stride: 2, padding: 1 }),
    ),
  ],
  maxPool2dGradient: [
    ...[...poolings, dilatedPooling].map(({ name, options }) =>
      plain(name, { x: distinct("pool", window.image.shape), dy: pooled(options) }, ({ x, dy }) =>
        maxPoolBack(x, dy, options),
      ),
    ),
    plain("ties: to the first", { x: tied("pool", [2, 3, 6, 6]), dy: normal("dy", [2, 3, 3, 3]) }, ({ x, dy }) =>
      maxPoolBack(x, dy, { kernel: 2 }),
    ),
    plain(
      "ties in overlapping windows",
      { x: tied("pool", [2, 3, 5, 5]), dy: normal("dy", [2, 3, 3, 3]) },
      ({ x, dy }) => maxPoolBack(x, dy, { kernel: 3, stride: 2, padding: 1 }),
    ),
  ],
  averagePool2d: poolings.map(({ name, options }) =>
    smooth(name, { x: window.image }, ({ x }) => g.averagePool2d(x, options)),
  ),
  averagePool2dGradient: poolings.map(({ name, options }) =>
    smooth(name, { dy: pooled(options) }, ({ dy }) =>
      g.apply(g.averagePool2dGradientPrimitive, [dy], {
        ...poolParams(options),
        inputShape: window.image.shape,
      }),
    ),
  ),

  gather: [
    ...indexDtypes.map((dtype) =>
      smooth(`rows by ${dtype}, repeated`, { x: cube, i: integers("rows", [6], 3, dtype) }, ({ x, i }) =>
        g.gather(x, i),
      ),
    ),
    smooth("along the last axis by a matrix", { x: cube, i: integers("mi", [2, 3], 5, "int64") }, ({ x, i }) =>
      g.gather(x, i, -1),
    ),
    smooth("along the middle axis by a scalar", { x: cube, i: tensor([2], [], "int64") }, ({ x, i }) =>
      g.gather(x, i, 1),
    ),
    plain("of int64 values", { x: whole64, i: tensor([1, 0, 1], [3], "int64") }, ({ x, i }) => g.gather(x, i)),
  ],
  scatterAdd: [
    ...indexDtypes.map((dtype) =>
      smooth(`rows by ${dtype}, repeated`, { u: normal("u", [6, 4]), i: integers("rows", [6], 3, dtype) }, ({ u, i }) =>
        g.scatterAdd(u, i, 0, 3),
      ),
    ),
    smooth(
      "along the last axis by a matrix",
      { u: normal("u", [3, 4, 2, 3]), i: integers("mi", [2, 3], 5, "int64") },
      ({ u, i }) => g.scatterAdd(u, i, 2, 5),
    ),
    smooth("along the middle axis by a scalar", { u: normal("u", [3, 5]), i: tensor([2], [], "int64") }, ({ u, i }) =>
      g.scatterAdd(u, i, 1, 4),
    ),
  ],
  gatherElements: [
    ...indexDtypes.map((dtype) =>
      smooth(`last axis by ${dtype}`, { x: wide, i: integers("ge", [3, 4], 7, dtype) }, ({ x, i }) =>
        g.gatherElements(x, i),
      ),
    ),
    smooth("inner axis", { x: cube, i: integers("ge", [3, 6, 5], 4, "int64") }, ({ x, i }) =>
      g.gatherElements(x, i, 1),
    ),
  ],
  scatterAddElements: [
    ...indexDtypes.map((dtype) =>
      smooth(
        `last axis by ${dtype}, repeated`,
        { u: normal("u", [3, 9]), i: integers("se", [3, 9], 5, dtype) },
        ({ u, i }) => g.scatterAddElements(u, i, -1, 5),
      ),
    ),
    smooth("inner axis", { u: normal("u", [2, 3, 4]), i: integers("se", [2, 3, 4], 6, "int64") }, ({ u, i }) =>
      g.scatterAddElements(u, i, 1, 6),
    ),
  ],
  oneHot: [
    ...indexDtypes.map((dtype) =>
      plain(`of a vector of ${dtype}`, { i: integers("oh", [6], 4, dtype) }, ({ i }) => g.oneHot(i, 4)),
    ),
    plain("of a matrix", { i: integers("oh", [2, 3], 4, "int64") }, ({ i }) => g.oneHot(i, 4)),
    plain("of indices out of range, which give zeros", { i: tensor([-1, 0, 3, 4, 9, -4], [6], "int64") }, ({ i }) =>
      g.oneHot(i, 4),
    ),
  ],

  reshape: [
    smooth("merging axes", { x: cube }, ({ x }) => g.reshape(x, [3, -1])),
    smooth("to a vector and back with an axis more", { x: cube }, ({ x }) => g.reshape(g.reshape(x, [60]), [5, 1, 12])),
    smooth("to a scalar", { x: normal("one", [1, 1]) }, ({ x }) => g.reshape(x, [])),
    plain("of bool", { x: bools("rb", [2, 3]) }, ({ x }) => g.reshape(x, [6])),
  ],
  broadcastTo: [
    smooth("a scalar", { x: normal("s", []) }, ({ x }) => g.broadcastTo(x, [2, 3])),
    smooth("an inner axis", { x: normal("bi", [2, 1, 3]) }, ({ x }) => g.broadcastTo(x, [2, 4, 3])),
    smooth("leading and inner axes", { x: normal("bl", [3, 1]) }, ({ x }) => g.broadcastTo(x, [2, 3, 4])),
    plain("of int64", { x: tensor([3, 5], [2, 1], "int64") }, ({ x }) => g.broadcastTo(x, [2, 3])),
  ],
  transpose: [
    smooth("matrix", { x: wide }, ({ x }) => g.transpose(x, [1, 0])),
    smooth("rotation of three axes", { x: cube }, ({ x }) => g.transpose(x, [1, 2, 0])),
    smooth("channels last", { x: window.image }, ({ x }) => g.transpose(x, [0, 2, 3, 1])),
    plain("of int64", { x: whole64 }, ({ x }) => g.transpose(x, [1, 0])),
  ],
  concat: [
    smooth("first axis", { a: normal("ca", [2, 3]), b: normal("cb", [1, 3]) }, ({ a, b }) => g.concat([a, b])),
    smooth(
      "inner axis, three values",
      { a: normal("ca", [2, 1, 3]), b: normal("cb", [2, 4, 3]), c: normal("cc", [2, 2, 3]) },
      ({ a, b, c }) => g.concat([a, b, c], 1),
    ),
    smooth("a value with itself, last axis", { x: wide }, ({ x }) => g.concat([x, x], -1)),
    plain("of int32", { a: whole32, b: whole32 }, ({ a, b }) => g.concat([a, b])),
  ],
  slice: [
    smooth("a corner", { x: cube }, ({ x }) => g.slice(x, [1, 0, 2], [3, 2, 5])),
    smooth("with strides", { x: cube }, ({ x }) => g.slice(x, [0, 1, 0], [3, 4, 5], [2, 2, 3])),
    smooth("with strides that end early", { x: normal("sl", [10]) }, ({ x }) => g.slice(x, [1], [9], [3])),
    smooth("a stride longer than the axis", { x: normal("sl", [4, 3]) }, ({ x }) => g.slice(x, [2, 0], [4, 3], [5, 1])),
    plain("of int64", { x: whole64 }, ({ x }) => g.sliceAxis(x, 1, 1, 3)),
  ],
  pad: [
    smooth("zeros", { x: normal("pd", [2, 3]) }, ({ x }) => g.pad(x, [1, 0], [0, 2])),
    smooth("another value", { x: normal("pd", [2, 3]) }, ({ x }) => g.pad(x, [0, 1], [2, 1], -1.5)),
    smooth("the sides of an image", { x: window.image }, ({ x }) => g.pad(x, [0, 0, 1, 2], [0, 0, 3, 0])),
  ],
  cast: [
    plain("to float16 and back, rounding", { x: normal("half", [4, 8]) }, ({ x }) =>
      g.cast(g.cast(x, "float16"), "float32"),
    ),
    plain(
      "to float16 and back: subnormal, tie to even, overflow",
      { x: tensor([1e-7, 3e-8, 2049, 2051, 65519, 65520, -1e6, 0], [8]) },
      ({ x }) => g.cast(g.cast(x, "float16"), "float32"),
    ),
    plain("to bfloat16 and back, rounding", { x: normal("brain", [4, 8]) }, ({ x }) =>
      g.cast(g.cast(x, "bfloat16"), "float32"),
    ),
    smooth("to float64 and back", { x: signed }, ({ x }) => g.cast(g.mul(g.cast(x, "float64"), 3), "float32")),
    plain("to int64 (towards 0)", { x: tensor([-2.7, -0.5, 0, 0.5, 2.7], [5]) }, ({ x }) => g.cast(x, "int64")),
    plain("to int32 (towards 0)", { x: tensor([-2.7, -0.5, 0, 0.5, 2.7], [5]) }, ({ x }) => g.cast(x, "int32")),
    plain("to uint8", { x: tensor([0, 1.5, 200], [3]) }, ({ x }) => g.cast(x, "uint8")),
    plain("to bool", { x: tensor([-2, 0, 0.25], [3]) }, ({ x }) => g.cast(x, "bool")),
    plain("from bool", { x: bools("cb", [6]) }, ({ x }) => g.cast(x, "float32")),
    plain("from int64", { x: whole64 }, ({ x }) => g.cast(x, "float32")),
    plain("from int64 to int32", { x: whole64 }, ({ x }) => g.cast(x, "int32")),
    plain("from uint8", { x: tensor([0, 128, 255], [3], "uint8") }, ({ x }) => g.cast(x, "float32")),
  ],
  customGradient: [
    plain("is the identity", { x: signed }, ({ x }) => g.customGradient(x, [x], (c) => [g.mul(c, 3)])),
    smooth("with the true derivative of a square", { x: signed }, ({ x }) =>
      g.customGradient(g.square(x), [x], (c) => [g.mul(c, g.mul(x, 2))]),
    ),
  ],
  stopGradient: [plain("is the identity", { x: signed }, ({ x }) => g.stopGradient(x))],
};

/** All cases as [primitive and case, case], for `it.each`. */
export const allPrimitiveCases: readonly (readonly [string, PrimitiveCase])[] = Object.entries(primitiveCases).flatMap(
  ([primitive, cases]) => cases.map((one) => [`${primitive}: ${one.name}`, one] as const),
);

function poolParams({ kernel, ...options }: g.Pool2dOptions): g.Pool2dParams {
  const square = typeof kernel === "number" ? ([kernel, kernel] as const) : kernel;
  return { ...g.window2d({ stride: square, ...options }), kernel: square };
}

function maxPoolBack(x: Value, dy: Value, options: g.Pool2dOptions): Value {
  return g.apply(g.maxPool2dGradientPrimitive, [x, g.maxPool2d(x, options), dy], poolParams(options));
}
