import { sizeOf } from "../../../../core/index.js";
import type { Value } from "../../../../graph/index.js";
import { emitChannelGather, emitChannelScatter, type LaidOut } from "../channel-elements.js";
import { emitChannelTop } from "../channel-top.js";
import type { ChannelTopParams } from "../fusion/channel-elements.js";
import { passes } from "../layout/costs.js";
import type { EmitContext, Implementation, Layout } from "../layout/implementation.js";

const layouts: readonly Layout[] = ["plain", "batchLast", "blocked"];

/** The first operand. */
const first = ({ inputs, types }: EmitContext, layout: Layout): LaidOut => ({
  x: inputs[0]!,
  shape: types[0]!.shape,
  layout,
});

/** Implementations of `channelTop`. */
export function topImplementations(inputs: readonly Value[], params: object): Implementation[] {
  const { by } = params as ChannelTopParams;
  return layouts.map((layout) => ({
    layout: "plain",
    operands: inputs.map((_, at) => (at === 0 ? layout : "plain")),
    cost: passes(by === "magnitude" ? 2 : 1, inputs[0]!.shape),
    emit: (context) => {
      const [, vector] = context.inputs;
      const constant = vector === undefined ? undefined : { vector, size: sizeOf(context.types[1]!.shape) };
      return emitChannelTop(context, { ...first(context, layout), params: params as ChannelTopParams, constant });
    },
  }));
}

/** Implementations of `channelGather`. */
export function gatherImplementations(): Implementation[] {
  return layouts.map((layout) => ({
    layout: "plain",
    operands: [layout, "plain"],
    cost: 0,
    emit: (context) => emitChannelGather(context, context.inputs[1]!, first(context, layout)),
  }));
}

/** Implementations of `channelScatter`: next to nothing where the image is there, and nothing else needs it. */
export function scatterImplementations(value: Value, inputs: readonly Value[]): Implementation[] {
  return layouts.map((layout) => ({
    layout,
    operands: inputs.map((_, at) => (at === 2 ? layout : "plain")),
    cost: inputs.length === 3 ? 0 : passes(1, value.shape),
    emit: (context) => {
      const [values, positions, x] = context.inputs as [string, string, string | undefined];
      return emitChannelScatter(context, { values, positions, x, shape: value.shape, layout });
    },
  }));
}
