import { type Shape, sizeOf } from "../../../../core/index.js";
import type { Conv2dInputGradientParams, Conv2dParams, Value, ValueType } from "../../../../graph/index.js";
import type { TensorName } from "../../emitter.js";
import { emitActivation } from "../activation.js";
import { emitConvolution, readsPlain } from "../convolution.js";
import type { Epilogue, TwoInputGradientsParams } from "../fusion/primitives.js";
import { emitInputGradient } from "../input-gradient.js";
import { arithmetic, convolutionOperations, passes, convolutionRates as rates } from "../layout/costs.js";
import type { EmitContext, Implementation, Layout } from "../layout/implementation.js";
import { channelVector } from "./affine.js";
import { byPortableRule } from "./by-portable-rule.js";

type MaybeFused<P> = P & { readonly epilogue?: Epilogue };

/** Implementations of `conv2d` and `fusedConv2d`. */
export function convolutionImplementations(
  value: Value,
  inputs: readonly Value[],
  params: object,
  block: number,
): Implementation[] {
  const { groups, epilogue } = params as MaybeFused<Conv2dParams>;
  const [x, w] = inputs as [Value, Value];
  const plainInput = readsPlain({ block }, { xShape: x.shape, params: { groups } });
  return [
    ...fusedPlain("conv2d", value, inputs, params),
    {
      layout: "blocked",
      operands: operandLayouts(inputs, epilogue, plainInput ? "plain" : "blocked"),
      cost: arithmetic(operations(value, w), rates.blocked) + passes(2, w.shape),
      emit: emitForward,
    },
  ];
}

/** Implementations of `conv2dInputGradient` and `fusedConv2dInputGradient`. */
export function inputGradientImplementations(value: Value, inputs: readonly Value[], params: object): Implementation[] {
  const { stride, epilogue } = params as MaybeFused<Conv2dInputGradientParams>;
  const [dy, w] = inputs as [Value, Value];
  const interleaving = stride[0] * stride[1] > 1 ? 6 : 0;
  return [
    ...fusedPlain("conv2dInputGradient", value, inputs, params),
    {
      layout: "blocked",
      operands: operandLayouts(inputs, epilogue, "blocked"),
      cost: arithmetic(operations(dy, w), rates.blocked) + passes(3, w.shape) + passes(interleaving, value.shape),
      emit: emitBackward,
    },
  ];
}

const operations = (y: Value, w: Value): number => convolutionOperations(w.shape, y.shape);

/** Of x, w and what an epilogue takes. */
function operandLayouts(inputs: readonly Value[], epilogue: Epilogue | undefined, x: Layout): Layout[] {
  return inputs.map((_, at) => {
    if (at === 0) return x;
    return epilogue?.added && at === inputs.length - 1 ? "blocked" : "plain";
  });
}

/** What an epilogue takes, told apart: the constant as a vector with surplus channels, and the tensor. */
function epilogueInputs(context: EmitContext): { constant?: TensorName; added?: TensorName } {
  const { epilogue } = context.params as MaybeFused<Conv2dParams>;
  const { inputs, types, output } = context;
  const vector = (): TensorName =>
    channelVector(context, inputs[2]!, sizeOf(types[2]!.shape), output.shape[1]!, (count) => [count]);
  return {
    ...(epilogue?.constant ? { constant: vector() } : {}),
    ...(epilogue?.added ? { added: inputs.at(-1)! } : {}),
  };
}

function emitForward(context: EmitContext): TensorName {
  const { inputs, types, output } = context;
  const { epilogue, ...params } = context.params as MaybeFused<Conv2dParams>;
  return emitConvolution(context, {
    x: inputs[0]!,
    w: inputs[1]!,
    xShape: types[0]!.shape,
    wShape: types[1]!.shape,
    outputShape: output.shape,
    params,
    ...epilogueInputs(context),
    activation: epilogue?.activation,
  });
}

function emitBackward(context: EmitContext): TensorName {
  const { inputs, types } = context;
  const { epilogue, ...params } = context.params as MaybeFused<Conv2dInputGradientParams>;
  return emitInputGradient(context, {
    dy: inputs[0]!,
    w: inputs[1]!,
    dyShape: types[0]!.shape,
    wShape: types[1]!.shape,
    params,
    ...epilogueInputs(context),
    activation: epilogue?.activation,
  });
}

/** With an epilogue: the portable rule, and what follows by standard operators. */
function fusedPlain(
  name: "conv2d" | "conv2dInputGradient",
  value: Value,
  inputs: readonly Value[],
  params: object,
): Implementation[] {
  const { epilogue, ...own } = params as MaybeFused<Conv2dInputGradientParams>;
  if (!epilogue) return [];
  const counted = operations(name === "conv2d" ? value : inputs[0]!, inputs[1]!);
  const emit = (context: EmitContext): TensorName => {
    const [x, w, ...rest] = context.inputs;
    const result = byPortableRule(name, { ...context, inputs: [x!, w!], params: own });
    const sum = rest.reduce((total, added) => context.emit.op("Add", [total, added]), result);
    return emitActivation(context.emit, sum, epilogue.activation);
  };
  const rate = own.groups > 1 ? rates.portableGrouped : rates.portable;
  const cost = arithmetic(counted, rate) + passes(2 + 3 * (inputs.length - 2), value.shape);
  return [{ layout: "plain", operands: inputs.map(() => "plain"), cost, emit }];
}

/** Implementations of `twoInputGradients`. */
export function twoGradientsImplementations(value: Value, inputs: readonly Value[], params: object): Implementation[] {
  const { first, second } = params as TwoInputGradientsParams;
  const [dy, w, dz, v] = inputs as [Value, Value, Value, Value];
  const counted = operations(dy, w) + operations(dz, v);
  return [
    {
      layout: "plain",
      operands: ["plain", "plain", "plain", "plain"],
      cost: arithmetic(counted, rates.portable) + passes(7, value.shape),
      emit(context) {
        const [dyName, wName, dzName, vName] = context.inputs as [TensorName, TensorName, TensorName, TensorName];
        const [dyType, wType, dzType, vType] = context.types as [ValueType, ValueType, ValueType, ValueType];
        const gradient = (operands: readonly TensorName[], types: readonly ValueType[], own: object): TensorName =>
          byPortableRule("conv2dInputGradient", { ...context, inputs: operands, types, params: own });
        return context.emit.op("Add", [
          gradient([dyName, wName], [dyType, wType], first),
          gradient([dzName, vName], [dzType, vType], second),
        ]);
      },
    },
    {
      layout: "blocked",
      operands: ["blocked", "plain", "blocked", "plain"],
      cost: arithmetic(counted, rates.blocked) + passes(3, w.shape) + passes(3, v.shape) + passes(6, value.shape),
      emit(context) {
        const [dyName, wName, dzName, vName] = context.inputs as [TensorName, TensorName, TensorName, TensorName];
        const [dyShape, wShape, dzShape, vShape] = context.types.map(({ shape }) => shape) as [
          Shape,
          Shape,
          Shape,
          Shape,
        ];
        const also = { dy: dzName, w: vName, dyShape: dzShape, wShape: vShape, params: second };
        return emitInputGradient(context, { dy: dyName, w: wName, dyShape, wShape, params: first }, { also });
      },
    },
  ];
}
