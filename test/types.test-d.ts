// Types, held by the compiler: what is said to be wrong here must not compile (`npm run typecheck`).
import {
  arrays,
  batchNorm,
  conv2d,
  type Layer,
  linear,
  type Metric,
  relu,
  type Schedule,
  sequential,
  sgd,
  type Tensor,
  tensor,
  train,
} from "normwise";
import type { ParamsOf, Primitive, PrimitiveName, primitives, Value } from "normwise/graph";
import type { Rules } from "normwise/onnx";
import type { referenceRules } from "normwise/reference";
import { expectTypeOf } from "vitest";

// A metric is a value with a name, a power of 1 or 2, a statistic and a constant.
batchNorm({ metric: { name: "mine", power: 1, statistic: (x) => x, gaussianConstant: () => 1 } });
// @ts-expect-error: a number is no metric
batchNorm({ metric: 3 });
// @ts-expect-error: power 3 has no place for ε
const cubic: Metric = { name: "cubic", power: 3, statistic: (x) => x, gaussianConstant: () => 1 };
// @ts-expect-error: without its Gaussian constant a metric does not estimate σ
const unscaled: Metric = { name: "unscaled", power: 1, statistic: (x) => x };
// @ts-expect-error: a misspelt option
batchNorm({ epsillon: 1e-5 });
void [cubic, unscaled];

// A layer is a value with a kind and a function; what it does to a scale is one of three words or nothing.
expectTypeOf(relu()).toEqualTypeOf<Layer>();
expectTypeOf(sequential({ conv: conv2d(3), norm: batchNorm() })).toEqualTypeOf<Layer>();
// @ts-expect-error: a function is no layer
sequential(conv2d(3), (x: Value) => x);
// @ts-expect-error: "absorbs" is none of the words
const bending: Layer = { kind: "bending", scale: "absorbs", apply: (x) => x };
// @ts-expect-error: a kernel has two sides
conv2d(3, { kernel: [3, 3, 3] });
void bending;

// Training asks for what it needs.
declare const runtime: Parameters<typeof train>[0]["runtime"];
const data = arrays({ images: new Uint8Array(4), labels: [0], shape: [1, 2, 2] });
const settings = { network: linear(2), runtime, data, epochs: 1, learningRate: 0.1, optimizer: sgd() };
expectTypeOf(train).toBeCallableWith(settings);
const { learningRate: _, ...withoutRate } = settings;
// @ts-expect-error: a learning rate has no default
void train(withoutRate);
// @ts-expect-error: plain numbers are no pixels: bytes stand for value / 255, floats for themselves
arrays({ images: [1, 2, 3, 4], labels: [0], shape: [1, 2, 2] });
// @ts-expect-error: an image has three axes
arrays({ images: new Uint8Array(4), labels: [0], shape: [2, 2] });
// @ts-expect-error: "both" is no form of decay
sgd({ decay: "both" });
// @ts-expect-error: a schedule is made by a function that says what it is
const text: Schedule = "steps:20e";
void text;

// The dtype of a tensor decides the array that it holds.
expectTypeOf(tensor([1, 2])).toEqualTypeOf<Tensor<"float32">>();
expectTypeOf(tensor([1, 2], [2], "int64").data).toEqualTypeOf<BigInt64Array<ArrayBufferLike>>();

// Tables over the primitives are exhaustive, in names and parameters, and so is the table of primitives itself.
expectTypeOf<keyof typeof referenceRules>().toEqualTypeOf<PrimitiveName>();
expectTypeOf<keyof Rules>().toEqualTypeOf<PrimitiveName>();
expectTypeOf<(typeof primitives)["conv2d"]["name"]>().toEqualTypeOf<"conv2d">();
expectTypeOf<ParamsOf<"transpose">>().not.toEqualTypeOf<ParamsOf<"conv2d">>();
declare const { conv2d: _missing, ...others }: Rules;
// @ts-expect-error: a lowering without a rule for conv2d
const partial: Rules = others;
// @ts-expect-error: a primitive without its derivative
const silent: Primitive<"silent"> = { name: "silent", infer: ([x]) => x! };
void [partial, silent];
