import { sizeOf } from "../../../core/index.js";
import type { Value } from "../../../graph/index.js";
import * as g from "../../../graph/index.js";
import type { Call, Rule } from "../call.js";
import { follows } from "../not-followed.js";
import { asBefore, planar, type Sweep, sweepOf } from "./window.js";

/** A window with the padding at bottom and right that `ceil_mode` adds, so that the last, partial windows count. */
function sweepWithRest(call: Call, x: Value): Sweep {
  const sweep = sweepOf(call, x.shape, call.at.ints("kernel_shape"));
  if (!call.at.flag("ceil_mode", false)) return sweep;
  const { kernel, stride, dilation, padding } = sweep;
  const rest = [0, 1].map((axis) => {
    const size = planar(x).shape[axis + 2]!;
    const reach = (kernel[axis]! - 1) * dilation[axis]! + 1;
    const padded = size + padding[axis]! + padding[axis + 2]!;
    let windows = Math.ceil((padded - reach) / stride[axis]!) + 1;
    // A window that would begin in the padding behind the input is left out.
    if ((windows - 1) * stride[axis]! >= size + padding[axis]!) windows--;
    return Math.max((windows - 1) * stride[axis]! + reach - padded, 0);
  });
  return { ...sweep, padding: [padding[0], padding[1], padding[2] + rest[0]!, padding[3] + rest[1]!] };
}

/** Pooling takes padding up to half a kernel; wider one is put there first. */
function roomy(x: Value, sweep: Sweep, fill: number): { x: Value; sweep: Sweep } {
  const { kernel, padding } = sweep;
  if (padding.every((width, side) => 2 * width <= kernel[side % 2]!)) return { x, sweep };
  const [top, left, bottom, right] = padding;
  return { x: g.pad(x, [0, 0, top, left], [0, 0, bottom, right], fill), sweep: { ...sweep, padding: [0, 0, 0, 0] } };
}

const maxPool: Rule = (call) => {
  const given = call.value(0);
  follows(!call.node.outputs[1], "the positions of maxima are not followed");
  const { x, sweep } = roomy(planar(given), sweepWithRest(call, given), Number.NEGATIVE_INFINITY);
  return asBefore(g.maxPool2d(x, sweep), given.rank);
};

/** The mean over what each window covers: padding is left out of the count unless the file says otherwise. */
const averagePool: Rule = (call) => {
  const given = call.value(0);
  const sweep = sweepWithRest(call, given);
  follows(
    sweep.dilation.every((by) => by === 1),
    "dilation of an average is not followed",
  );
  const counts = countsOf(call, planar(given), sweep);
  const room = roomy(planar(given), sweep, 0);
  const mean = g.averagePool2d(room.x, room.sweep);
  const size = sizeOf(sweep.kernel);
  const whole = counts.data.every((count) => count === size);
  if (whole) return asBefore(mean, given.rank);
  const factors = { ...counts, data: counts.data.map((count) => size / count) };
  return asBefore(g.mul(mean, call.constant(factors)), given.rank);
};

/** How many elements each window counts, [1, 1, H′, W′]. */
function countsOf(call: Call, x: Value, { kernel, stride, padding }: Sweep) {
  const stated = call.at.text("auto_pad", "NOTSET") === "NOTSET" ? call.at.ints("pads", []) : undefined;
  const withPadding = call.at.flag("count_include_pad", false);
  const along = [0, 1].map((axis) => {
    const size = x.shape[axis + 2]!;
    // What `ceil_mode` added at the end never counts.
    const after = stated
      ? stated.length === 4
        ? stated[axis + 2]!
        : axis === 1
          ? (stated[1] ?? 0)
          : 0
      : padding[axis + 2]!;
    const [first, last] = withPadding ? [-padding[axis]!, size + after] : [0, size];
    const windows = Math.floor((size + padding[axis]! + padding[axis + 2]! - kernel[axis]!) / stride[axis]!) + 1;
    const counts = call.allocate([Math.max(windows, 0)]);
    return counts.map((_, at) => {
      const start = at * stride[axis]! - padding[axis]!;
      return Math.max(Math.min(start + kernel[axis]!, last) - Math.max(start, first), 1);
    });
  });
  const [rows, columns] = along as [Float64Array, Float64Array];
  const shape = [1, 1, rows.length, columns.length];
  const data = call.allocate(shape);
  for (let at = 0; at < data.length; at++)
    data[at] = rows[Math.floor(at / columns.length)]! * columns[at % columns.length]!;
  return { dtype: "float32" as const, shape, data };
}

const spatial = (x: Value): number[] => x.shape.flatMap((_, axis) => (axis < 2 ? [] : [axis]));

/** Poolings over windows and over all positions. */
export const pooling: Readonly<Record<string, Rule>> = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: (call) => g.reduceMean(call.value(0), spatial(call.value(0))),
  GlobalMaxPool: (call) => g.reduceMax(call.value(0), spatial(call.value(0))),
};
