import { type Shape, tensor } from "../../../core/index.js";
import type { TensorName } from "../emitter.js";
import { type BlockedContext, view } from "./context.js";
import type { Layout } from "./layout/implementation.js";

/** A tensor [N, C, H, W] in a layout. */
export interface LaidOut {
  readonly x: TensorName;
  /** [N, C, H, W]. */
  readonly shape: Shape;
  readonly layout: Layout;
}

/** Where elements lie in memory: pixel p of image n, channel c, at starts[c] + n·image + p·pixel. */
interface Memory {
  readonly starts: readonly number[];
  readonly image: number;
  readonly pixel: number;
  /** The shape that ONNX Runtime knows it by. */
  readonly shape: Shape;
}

/** Channels that lie side by side: plain tensors are blocked in ones. */
export const blockIn = (layout: Layout, { block }: BlockedContext): number => (layout === "blocked" ? block : 1);

/** Where the elements of a tensor [N, C, H, W] lie. */
export function memoryOf(context: BlockedContext, { shape, layout }: Omit<LaidOut, "x">): Memory {
  const [n, c, h, w] = shape as [number, number, number, number];
  const map = h * w;
  if (layout === "batchLast") {
    return { starts: range(c).map((channel) => channel * map * n), image: 1, pixel: n, shape: [c, h, w, n] };
  }
  const block = blockIn(layout, context);
  const channels = Math.ceil(c / block) * block;
  const starts = range(c).map((channel) => Math.floor(channel / block) * block * map + (channel % block));
  return { starts, image: channels * map, pixel: block, shape: [n, channels, h, w] };
}

/** 0, 1, …, count − 1. */
export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** An int64 constant. */
export const integers = ({ emit }: BlockedContext, values: readonly number[], shape: Shape): TensorName =>
  emit.constant(tensor(values, shape, "int64"));

/** Offsets in memory, [C, k], of positions [C, k] among the N·H·W elements of each channel, or of [1, k], the same in all. */
export function emitOffsets(context: BlockedContext, positions: TensorName, image: Omit<LaidOut, "x">): TensorName {
  const { emit } = context;
  const memory = memoryOf(context, image);
  const map = integers(context, [image.shape[2]! * image.shape[3]!], []);
  const images = emit.op("Mul", [emit.op("Div", [positions, map]), integers(context, [memory.image], [])]);
  const pixels = emit.op("Mul", [emit.op("Mod", [positions, map]), integers(context, [memory.pixel], [])]);
  const starts = integers(context, memory.starts, [memory.starts.length, 1]);
  return emit.op("Add", [emit.op("Add", [images, pixels]), starts]);
}

/** The elements at positions [C, k]. */
export function emitChannelGather(context: BlockedContext, positions: TensorName, image: LaidOut): TensorName {
  return context.emit.op("Gather", [view(context, image.x, [-1]), emitOffsets(context, positions, image)], { axis: 0 });
}

/** Values that are added at positions, both [C, k]. */
export interface ChannelScatterCall extends Omit<LaidOut, "x"> {
  readonly values: TensorName;
  readonly positions: TensorName;
  /** What they are added to; zeros if it is left out. */
  readonly x?: TensorName | undefined;
}

/** Adds to single elements: in the memory of x, where nothing else needs x. */
export function emitChannelScatter(context: BlockedContext, call: ChannelScatterCall): TensorName {
  const { emit } = context;
  const { shape } = memoryOf(context, call);
  const x = call.x ?? emit.op("ConstantOfShape", [emit.ints(shape)]);
  const [flat, offsets, values] = [x, emitOffsets(context, call.positions, call), call.values].map((name) =>
    view(context, name, [-1]),
  ) as [TensorName, TensorName, TensorName];
  const sum = emit.op("ScatterElements", [flat, offsets, values], { axis: 0, reduction: "add" });
  return view(context, sum, shape);
}
