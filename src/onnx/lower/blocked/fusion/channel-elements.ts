import type { Shape } from "../../../../core/index.js";
import {
  type AxisParams,
  abs,
  add,
  gatherElements,
  neg,
  reshape,
  type ScatterParams,
  scatterAddElements,
  type TopKParams,
  type TransposeParams,
  topKIndices,
  transpose,
  type Value,
  type ValueType,
} from "../../../../graph/index.js";
import type { Addition } from "./combination.js";
import { defineFused } from "./primitives.js";

// Single elements of channels. Each has a position among the N·H·W elements of its channel, in the order n, h, w.

/** What the largest are chosen by: x, −x or |x|. */
export type Order = "largest" | "smallest" | "magnitude";

/** Parameters of {@link channelTop}. */
export interface ChannelTopParams {
  readonly k: number;
  readonly by: Order;
}

/** Of each channel of T + b, the positions of the k first by an order, of equal ones the first: [C, k]. b is [1, C, 1, 1]. */
export const channelTop = defineFused({
  name: "channelTop",
  infer: ([x]: readonly ValueType[], { k }: ChannelTopParams): ValueType => ({
    shape: [x!.shape[1]!, k],
    dtype: "int64",
  }),
  expand([x, b], { k, by }) {
    const rows = channelRows(b ? add(x!, b) : x!);
    return topKIndices(by === "magnitude" ? abs(rows) : by === "smallest" ? neg(rows) : rows, k, 1);
  },
});

/** The elements of T at positions [C, k], as [C, k]. */
export const channelGather = defineFused({
  name: "channelGather",
  infer: ([x, positions]: readonly ValueType[], _params: Record<never, never>): ValueType => ({
    shape: positions!.shape,
    dtype: x!.dtype,
  }),
  expand: ([x, positions]) => gatherElements(channelRows(x!), positions!, 1),
});

/** T, or zeros, [N, C, H, W], with values [C, k] added at positions [C, k]. The inputs are values, positions and T. */
export const channelScatter = defineFused({
  name: "channelScatter",
  infer: ([values]: readonly ValueType[], { shape }: { readonly shape: Shape }): ValueType => ({
    shape,
    dtype: values!.dtype,
  }),
  expand([values, positions, x], { shape }) {
    const [n, c, h, w] = shape as [number, number, number, number];
    const rows = scatterAddElements(values!, positions!, 1, n * h * w);
    const scattered = transpose(reshape(rows, [c, n, h, w]), [1, 0, 2, 3]);
    return x ? add(x, scattered) : scattered;
  },
});

/** [N, C, H, W] → [C, N·H·W]. */
function channelRows(x: Value): Value {
  return reshape(transpose(x, [1, 0, 2, 3]), [x.shape[1]!, -1]);
}

/** The application of a primitive, with its parameters. */
interface Applied<P> {
  readonly inputs: readonly Value[];
  readonly params: P;
}

function applied<P>({ source }: Value, name: string): Applied<P> | undefined {
  return source.kind === "apply" && source.primitive.name === name
    ? (source as unknown as { inputs: readonly Value[]; params: P })
    : undefined;
}

/** [1, 0, 2, 3] of an image: x. */
function exchanged(value: Value): Value | undefined {
  const transposed = applied<TransposeParams>(value, "transpose");
  return transposed && String(transposed.params.permutation) === "1,0,2,3" ? transposed.inputs[0] : undefined;
}

/** x, if the value is [C, N·H·W] of x [N, C, H, W]. */
export function ofChannelRows(value: Value): Value | undefined {
  const image = value.rank === 2 ? applied(value, "reshape")?.inputs.map(exchanged)[0] : undefined;
  return image?.shape[1] === value.shape[0] ? image : undefined;
}

/** The image and what is asked of it, if the value is what {@link channelTop} means. */
export function asChannelTop(value: Value): { readonly x: Value; readonly params: ChannelTopParams } | undefined {
  const top = applied<TopKParams>(value, "topKIndices");
  if (top?.params.axis !== 1) return undefined;
  const { k } = top.params;
  const [keys] = top.inputs as [Value];
  for (const [by, rows] of [
    ["largest", keys],
    ["smallest", applied(keys, "neg")?.inputs[0]],
    ["magnitude", applied(keys, "abs")?.inputs[0]],
  ] as const) {
    const x = rows && ofChannelRows(rows);
    if (x) return { x, params: { k, by } };
  }
  return undefined;
}

/** The image and the positions, if the value is what {@link channelGather} means. */
export function asChannelGather(value: Value): { readonly x: Value; readonly positions: Value } | undefined {
  const gathered = applied<AxisParams>(value, "gatherElements");
  const x = gathered?.params.axis === 1 ? ofChannelRows(gathered.inputs[0]!) : undefined;
  return x && { x, positions: gathered!.inputs[1]! };
}

/** Values and positions of each, if the value is what {@link channelScatter} into zeros means, or a sum of such. */
export function asChannelScatters(value: Value): readonly Addition[] | undefined {
  const rows = exchanged(value) && applied(exchanged(value)!, "reshape")?.inputs[0];
  return rows?.rank === 2 && rows.shape[0] === value.shape[1] ? scattersOf(rows) : undefined;
}

function scattersOf(rows: Value): readonly Addition[] | undefined {
  const sum = applied(rows, "add")?.inputs.map((part) => (part.rank === 2 ? scattersOf(part) : undefined));
  if (sum) return sum.every((part) => part !== undefined) ? sum.flat() : undefined;
  const scattered = applied<ScatterParams>(rows, "scatterAddElements");
  if (scattered?.params.axis !== 1) return undefined;
  const [values, positions] = scattered.inputs as [Value, Value];
  return [{ values, positions }];
}

/** Whether a value is an image put into another order, with nothing else done to it than what {@link channelTop} takes. */
export function isRearranged(value: Value, isImage: (value: Value) => boolean): boolean {
  const rows = applied(value, "abs")?.inputs[0] ?? applied(value, "neg")?.inputs[0] ?? value;
  const image = exchanged(value) ?? ofChannelRows(rows);
  return image !== undefined && isImage(image);
}
