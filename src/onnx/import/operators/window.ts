import { DataError, expectation, type Shape } from "../../../core/index.js";
import { reshape, type Value } from "../../../graph/index.js";
import type { Call } from "../call.js";
import { follows } from "../not-followed.js";

/** How a window of an operator sweeps over two spatial axes. */
export interface Sweep {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly padding: readonly [number, number, number, number];
}

/** [N, C, L] as [N, C, 1, L]; a rule for two spatial axes so does one for one. Throws NotFollowed for three. */
export function planar(x: Value): Value {
  follows(x.rank === 3 || x.rank === 4, `${x.rank - 2} spatial axes are not followed, only 1 or 2`);
  return x.rank === 3 ? reshape(x, [x.shape[0]!, x.shape[1]!, 1, x.shape[2]!]) : x;
}

/** Undoes {@link planar}: of [N, C, 1, L] what was [N, C, L]. */
export const asBefore = (y: Value, rank: number): Value =>
  rank === 3 ? reshape(y, [y.shape[0]!, y.shape[1]!, y.shape[3]!]) : y;

/**
 * The attributes of a window over an input [N, C, …] of one or two spatial axes, or of three along whose last one the window
 * does not reach.
 */
export function sweepOf(call: Call, input: Shape, kernelShape: readonly number[]): Sweep {
  const axes = input.length - 2;
  const kernel = alongBoth(call, "kernel_shape", kernelShape, axes, 1);
  const stride = alongBoth(call, "strides", call.at.ints("strides", new Array(axes).fill(1)), axes, 1);
  const dilation = alongBoth(call, "dilations", call.at.ints("dilations", new Array(axes).fill(1)), axes, 1);
  const mode = call.at.text("auto_pad", "NOTSET");
  if (mode === "NOTSET" || mode === "") {
    const pads = call.at.ints("pads", new Array(2 * axes).fill(0));
    const [top, left] = alongBoth(call, "pads", pads.slice(0, pads.length / 2), axes, 0);
    const [bottom, right] = alongBoth(call, "pads", pads.slice(pads.length / 2), axes, 0);
    return { kernel, stride, dilation, padding: [top, left, bottom, right] };
  }
  if (mode === "VALID") return { kernel, stride, dilation, padding: [0, 0, 0, 0] };
  if (mode !== "SAME_UPPER" && mode !== "SAME_LOWER") {
    throw new DataError(expectation(call.where, "auto_pad NOTSET, VALID, SAME_UPPER or SAME_LOWER", mode));
  }
  const sizes = axes === 1 ? [1, input[2]!] : [input[2]!, input[3]!];
  const total = sizes.map((size, axis) =>
    Math.max(
      (Math.ceil(size / stride[axis]!) - 1) * stride[axis]! + (kernel[axis]! - 1) * dilation[axis]! + 1 - size,
      0,
    ),
  ) as [number, number];
  const round = mode === "SAME_UPPER" ? Math.floor : Math.ceil;
  const [top, left] = total.map((width) => round(width / 2)) as [number, number];
  return { kernel, stride, dilation, padding: [top, left, total[0] - top, total[1] - left] };
}

/** One number for each spatial axis, checked; `single` stands for the axis that an input of one axis lacks. */
function alongBoth(
  call: Call,
  what: string,
  values: readonly number[],
  axes: number,
  single: number,
): [number, number] {
  if (values.length !== axes || !values.every((value) => Number.isSafeInteger(value))) {
    throw new DataError(expectation(call.where, `${axes} whole numbers as ${what} on each side`, `[${values}]`));
  }
  follows(axes < 3 || (axes === 3 && values[2] === single), `${axes} spatial axes are not followed, only 1 or 2`);
  return axes === 1 ? [single, values[0]!] : [values[0]!, values[1]!];
}
