import type { AveragePool2dGradientParams, Pool2dParams, Value } from "../../../../graph/index.js";
import { emitAveragePool, emitAveragePoolGradient } from "../average-pool.js";
import { passes } from "../layout/costs.js";
import type { Implementation } from "../layout/implementation.js";
import { emitMaxPool, emitMaxPoolGradient } from "../max-pool.js";

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

/** Implementations of `maxPool2dGradient` beside the portable one, which takes the positions from a second pooling. */
export function maxPoolGradientImplementations(_value: Value, [x]: readonly Value[]): Implementation[] {
  return [
    {
      layout: "blocked",
      operands: ["blocked", "blocked", "blocked"],
      cost: passes(8, x!.shape),
      emit(context) {
        const [xName, y, dy] = context.inputs as [string, string, string];
        const [{ shape: xShape }, { shape: yShape }] = context.types as [Value, Value];
        return emitMaxPoolGradient(context, {
          x: xName,
          y,
          dy,
          xShape,
          yShape,
          params: context.params as Pool2dParams,
        });
      },
    },
  ];
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
