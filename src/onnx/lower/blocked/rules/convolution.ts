import { sizeOf } from "../../../../core/index.js";
import type { Conv2dInputGradientParams, Conv2dParams, Value } from "../../../../graph/index.js";
import type { TensorName } from "../../emitter.js";
import type { Rule } from "../../lowering.js";
import { portableRules } from "../../portable/index.js";
import { blockedOp, roundUp, view } from "../context.js";
import type { Epilogue } from "../fusion/primitives.js";
import { arithmetic, passes } from "../layout/costs.js";
import type { EmitContext, Implementation } from "../layout/implementation.js";
import { activationAttributes, channelVector, emitActivation, trimmed } from "./affine.js";

// Provisional.
function reordered(context: EmitContext, w: TensorName, [k, c, h, wd]: readonly number[], turned: boolean): TensorName {
  const { emit, block } = context;
  const [kk, cc] = [roundUp(context, k!), roundUp(context, c!)];
  let padded = w;
  if (kk !== k || cc !== c) padded = emit.op("Pad", [w, emit.ints([0, 0, 0, 0, kk - k!, cc - c!, 0, 0])]);
  if (turned) {
    padded = view(context, padded, [kk, cc, h! * wd!]);
    if (h! * wd! > 1)
      padded = emit.op("Slice", [padded, ...[h! * wd! - 1, -h! * wd! - 1, 2, -1].map((v) => emit.ints([v]))]);
  }
  const six = view(context, padded, [kk / block, block, cc / block, block, h! * wd!]);
  const moved = emit.op("Transpose", [six], { perm: turned ? [2, 0, 4, 1, 3] : [0, 2, 4, 3, 1] });
  return view(context, moved, turned ? [cc, kk, h!, wd!] : [kk, cc, h!, wd!]);
}

function emitForward(context: EmitContext): TensorName {
  const { inputs, types, params, emit, block, output } = context;
  const { stride, padding, dilation, groups, epilogue } = params as Conv2dParams & { epilogue?: Epilogue };
  const shape = types[1]!.shape;
  let w: TensorName;
  if (shape[1]! < block) {
    const kk = roundUp(context, shape[0]!);
    const padded =
      kk === shape[0] ? inputs[1]! : emit.op("Pad", [inputs[1]!, emit.ints([0, 0, 0, 0, kk - shape[0]!, 0, 0, 0])]);
    const size = sizeOf(shape.slice(1));
    w = view(context, emit.op("Transpose", [view(context, padded, [kk / block, block, size])], { perm: [0, 2, 1] }), [
      kk,
      ...shape.slice(1),
    ]);
  } else w = reordered(context, inputs[1]!, shape, false);
  const rest = inputs.slice(2);
  const constant = epilogue?.constant
    ? channelVector(context, rest.shift()!, sizeOf(types[2]!.shape), output.shape[1]!, (count) => [count])
    : "";
  return blockedOp(context, "Conv", trimmed([inputs[0]!, w, constant, epilogue?.added ? rest.shift()! : ""]), {
    kernel_shape: shape.slice(2),
    strides: stride,
    pads: padding,
    dilations: dilation,
    group: groups,
    ...activationAttributes(epilogue?.activation),
  });
}

function emitTurned(context: EmitContext): TensorName {
  const { inputs, types, params, output } = context;
  const { padding, dilation, groups, epilogue } = params as Conv2dInputGradientParams & { epilogue?: Epilogue };
  const shape = types[1]!.shape;
  const [high, wide] = shape.slice(2).map((size, axis) => (size - 1) * dilation[axis]!) as [number, number];
  const rest = inputs.slice(2);
  const constant = epilogue?.constant
    ? channelVector(context, rest.shift()!, sizeOf(types[2]!.shape), output.shape[1]!, (count) => [count])
    : "";
  return blockedOp(
    context,
    "Conv",
    trimmed([inputs[0]!, reordered(context, inputs[1]!, shape, true), constant, epilogue?.added ? rest.shift()! : ""]),
    {
      kernel_shape: shape.slice(2),
      strides: [1, 1],
      pads: [high - padding[0], wide - padding[1], high - padding[2], wide - padding[3]],
      dilations: dilation,
      group: groups,
      ...activationAttributes(epilogue?.activation),
    },
  );
}

/** The portable rule, and what follows by standard operators. */
function fusedPlain(name: "conv2d" | "conv2dInputGradient", value: Value, inputs: readonly Value[]): Implementation {
  return {
    layout: "plain",
    operands: inputs.map(() => "plain"),
    cost: arithmetic(operations(name === "conv2d" ? value : inputs[0]!, inputs[1]!), 120) + passes(5, value.shape),
    emit(context) {
      const {
        emit,
        inputs: [x, w, ...rest],
        params,
      } = context;
      const { epilogue, ...own } = params as Conv2dInputGradientParams & { epilogue: Epilogue };
      const rule = portableRules[name] as Rule;
      const nameOf = (): never => {
        throw new Error(`${name} looks at its operands`);
      };
      const result = rule({ ...context, inputs: [x!, w!], params: own, operands: [], nameOf });
      return emitActivation(
        context,
        rest.reduce((sum, added) => emit.op("Add", [sum, added]), result),
        epilogue.activation,
      );
    },
  };
}

const operations = (value: Value, w: Value): number => 2 * (sizeOf(value.shape) / value.shape[1]!) * sizeOf(w.shape);

export function convolutionImplementations(
  value: Value,
  inputs: readonly Value[],
  params: object,
  block: number,
): Implementation[] {
  const { groups, epilogue } = params as Conv2dParams & { epilogue?: Epilogue };
  const [x, w] = inputs as [Value, Value];
  if (groups > 1) return [];
  const operands = inputs.map(
    (_, at) =>
      (at === 0
        ? x.shape[1]! < block
          ? "plain"
          : "blocked"
        : at === inputs.length - 1 && epilogue?.added
          ? "blocked"
          : "plain") as "plain" | "blocked",
  );
  return [
    {
      layout: "blocked",
      operands,
      cost: arithmetic(operations(value, w), 240) + passes(2, w.shape),
      emit: emitForward,
    },
  ];
}

export function inputGradientImplementations(value: Value, inputs: readonly Value[], params: object): Implementation[] {
  const { groups, stride, epilogue } = params as Conv2dInputGradientParams & { epilogue?: Epilogue };
  const [dy, w] = inputs as [Value, Value];
  const plain = epilogue ? [fusedPlain("conv2dInputGradient", value, inputs)] : [];
  if (groups > 1 || stride[0] > 1 || stride[1] > 1) return plain;
  const operands = inputs.map(
    (_, at) => (at === 0 || (at === inputs.length - 1 && epilogue?.added) ? "blocked" : "plain") as "plain" | "blocked",
  );
  return [
    { layout: "blocked", operands, cost: arithmetic(operations(dy, w), 240) + passes(2, w.shape), emit: emitTurned },
  ];
}
