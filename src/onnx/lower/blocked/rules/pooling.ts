import type { AveragePool2dGradientParams, Pool2dParams, Value } from "../../../../graph/index.js";
import type { TensorName } from "../../emitter.js";
import { emitAveragePool, emitAveragePoolGradient } from "../average-pool.js";
import { passes } from "../layout/costs.js";
import type { EmitContext, Implementation, Layout } from "../layout/implementation.js";
import { emitMaxPool, emitMaxPoolGradient } from "../max-pool.js";
import { byPortableRule } from "./by-portable-rule.js";

/** Implementations of `maxPool2d` beside the portable one. */
export function maxPoolImplementations(_value: Value, [x]: readonly Value[]): Implementation[] {
  return [
    {
      layout: "blocked",
      operands: ["blocked"],
      cost: passes(1.5, x!.shape),
      emit: (context) =>
        emitMaxPool(context, {
          x: context.inputs[0]!,
          xShape: context.types[0]!.shape,
          params: context.params as Pool2dParams,
        }),
    },
  ];
}

/**
 * Implementations of `maxPool2dGradient` beside the portable one, which takes the positions from a second pooling; and of the
 * gated one.
 */
export function maxPoolGradientImplementations([x]: readonly Value[], gated: boolean): Implementation[] {
  const all = (layout: Layout): Layout[] => [layout, layout, layout];
  return [
    ...(gated
      ? [{ layout: "plain", operands: all("plain"), cost: passes(15, x!.shape), emit: emitGatedPlain } as const]
      : []),
    {
      layout: "blocked",
      operands: all("blocked"),
      cost: passes(gated ? 6 : 8, x!.shape),
      emit(context) {
        const [xName, y, dy] = context.inputs as [TensorName, TensorName, TensorName];
        const [{ shape: xShape }, { shape: yShape }] = context.types as [Value, Value];
        const params = context.params as Pool2dParams;
        return emitMaxPoolGradient(context, { x: xName, y, dy, xShape, yShape, params, gated });
      },
    },
  ];
}

function emitGatedPlain(context: EmitContext): TensorName {
  const [x] = context.inputs;
  const positive = byPortableRule("step", { ...context, inputs: [x!], params: {} });
  return context.emit.op("Mul", [byPortableRule("maxPool2dGradient", context), positive]);
}

/** Implementations of `averagePool2d` beside the portable one. */
export function averagePoolImplementations(_value: Value, [x]: readonly Value[]): Implementation[] {
  return [
    {
      layout: "blocked",
      operands: ["blocked"],
      cost: passes(1.5, x!.shape),
      emit: (context) =>
        emitAveragePool(context, {
          x: context.inputs[0]!,
          xShape: context.types[0]!.shape,
          params: context.params as Pool2dParams,
        }),
    },
  ];
}

/** Implementations of `averagePool2dGradient` beside the portable one. */
export function averagePoolGradientImplementations(value: Value): Implementation[] {
  return [
    {
      layout: "blocked",
      operands: ["blocked"],
      cost: passes(2, value.shape),
      emit: (context) =>
        emitAveragePoolGradient(context, {
          dy: context.inputs[0]!,
          dyShape: context.types[0]!.shape,
          params: context.params as AveragePool2dGradientParams,
        }),
    },
  ];
}
