import type { Shape } from "../../../core/index.js";
import type { Window2d } from "../../../graph/index.js";
import type { TensorName } from "../emitter.js";
import { type BlockedContext, view } from "./context.js";

/** Where an element of a kernel lies on a pixel of the input, for one pixel of the output. All count row by row. */
export interface Meeting {
  readonly output: number;
  readonly tap: number;
  readonly input: number;
}

/** All meetings of a window that sweeps a map, outputs first, then elements of the kernel; none with the padding. */
export function meetingsOf(
  { stride, padding, dilation }: Window2d,
  [kernelHeight, kernelWidth]: Shape,
  [height, width]: Shape,
  [outputHeight, outputWidth]: Shape,
): Meeting[] {
  const along = (axis: 0 | 1, outputs: number, taps: number, size: number): Meeting[] =>
    grid(outputs, taps)
      .map(([output, tap]) => ({
        output,
        tap,
        input: output * stride[axis] + tap * dilation[axis] - padding[axis],
      }))
      .filter(({ input }) => input >= 0 && input < size);
  const rows = along(0, outputHeight!, kernelHeight!, height!);
  const columns = along(1, outputWidth!, kernelWidth!, width!);
  return rows
    .flatMap((row) =>
      columns.map((column) => ({
        output: row.output * outputWidth! + column.output,
        tap: row.tap * kernelWidth! + column.tap,
        input: row.input * width! + column.input,
      })),
    )
    .sort((a, b) => a.output - b.output || a.tap - b.tap);
}

const grid = (rows: number, columns: number): [number, number][] =>
  Array.from({ length: rows * columns }, (_, i) => [Math.floor(i / columns), i % columns]);

/** The pixels of [C, H, W, N], each as [C, N]. */
export function emitPixels({ emit }: BlockedContext, x: TensorName, [c, h, w, n]: Shape): TensorName[] {
  const count = h! * w!;
  if (count === 1) return [view({ emit }, x, [c!, n!])];
  const split = emit.node("Split", [view({ emit }, x, [c!, count, n!])], {
    attributes: { axis: 1, num_outputs: count },
  });
  return Array.from({ length: count }, (_, pixel) => view({ emit }, split.output(pixel), [c!, n!]));
}

/** Pixels put together, [C, H, W, N]; absent ones are zeros. */
export function emitMap(
  { emit }: BlockedContext,
  pixels: readonly (TensorName | undefined)[],
  [c, h, w, n]: Shape,
): TensorName {
  const shape = [c!, 1, n!];
  const zeros = (): TensorName => emit.op("ConstantOfShape", [emit.ints(shape)]);
  const columns = pixels.map((pixel) => (pixel === undefined ? zeros() : view({ emit }, pixel, shape)));
  const joined = columns.length === 1 ? columns[0]! : emit.op("Concat", columns, { axis: 1 });
  return view({ emit }, joined, [c!, h!, w!, n!]);
}
