import type { Shape } from "../../../core/index.js";
import type { Pool2dParams } from "../../../graph/index.js";
import type { TensorName } from "../emitter.js";
import type { BlockedContext } from "./context.js";
import { emitMap, emitPixels, type Meeting, meetingsOf } from "./pixels.js";

/** A pooling of maps of few pixels, with the batch last. */
export interface SmallMapPoolCall {
  readonly x: TensorName;
  /** [C, H, W, N], and so for all tensors. */
  readonly xShape: Shape;
  readonly yShape: Shape;
  readonly params: Pool2dParams;
}

/** The windows, each as its pixels in row-major order. */
function windowsOf({ xShape, yShape, params }: Omit<SmallMapPoolCall, "x">): Meeting[][] {
  const windows: Meeting[][] = Array.from({ length: yShape[1]! * yShape[2]! }, () => []);
  for (const meeting of meetingsOf(params, params.kernel, xShape.slice(1, 3), yShape.slice(1, 3))) {
    windows[meeting.output]!.push(meeting);
  }
  return windows;
}

/** Max pooling of [C, H, W, N]. */
export function emitSmallMapMaxPool(context: BlockedContext, call: SmallMapPoolCall): TensorName {
  const pixels = emitPixels(context, call.x, call.xShape);
  const maxima = windowsOf(call).map((window) =>
    context.emit.op(
      "Max",
      window.map(({ input }) => pixels[input]!),
    ),
  );
  return emitMap(context, maxima, call.yShape);
}

/** Lifts the smallest normal difference above 1. */
const huge = 3e38;

/**
 * The gradient of a max pooling of [C, H, W, N]: of each window, every pixel in turn takes what is left of dy where it is
 * the maximum. So the first of tied ones has it all, as in PyTorch; the last takes what the others left.
 *
 * @param call With `gated`, the result is dx · [x > 0], as the gradient through a ReLU before the pooling.
 */
export function emitSmallMapMaxPoolGradient(
  context: BlockedContext,
  call: SmallMapPoolCall & { readonly y: TensorName; readonly dy: TensorName; readonly gated?: boolean },
): TensorName {
  const { emit } = context;
  const number = (value: number): TensorName => emit.scalar(value, "float32");
  const clipped = (x: TensorName): TensorName => emit.op("Clip", [x, number(0), number(1)]);
  const lifted = (x: TensorName): TensorName => clipped(emit.op("Mul", [x, number(huge)]));
  const dy = call.gated ? emit.op("Mul", [call.dy, lifted(call.y)]) : call.dy;
  const [pixels, maxima, dys] = [
    emitPixels(context, call.x, call.xShape),
    emitPixels(context, call.y, call.yShape),
    emitPixels(context, dy, call.yShape),
  ];
  const shares: (TensorName | undefined)[] = pixels.map(() => undefined);
  const give = (input: number, share: TensorName): void => {
    const sum = shares[input];
    shares[input] = sum === undefined ? share : emit.op("Add", [sum, share]);
  };
  for (const [output, window] of windowsOf(call).entries()) {
    let rest = dys[output]!;
    for (const { input } of window.slice(0, -1)) {
      // What is left where the pixel is less than the maximum.
      const after = emit.op("Mul", [rest, lifted(emit.op("Sub", [maxima[output]!, pixels[input]!]))]);
      give(input, emit.op("Sub", [rest, after]));
      rest = after;
    }
    give(window.at(-1)!.input, rest);
  }
  return emitMap(context, shares, call.xShape);
}

/** Average pooling of [C, H, W, N]; padding counts. */
export function emitSmallMapAveragePool(context: BlockedContext, call: SmallMapPoolCall): TensorName {
  const { emit } = context;
  const pixels = emitPixels(context, call.x, call.xShape);
  const sums = windowsOf(call).map((window) =>
    emit.op(
      "Sum",
      window.map(({ input }) => pixels[input]!),
    ),
  );
  return emit.op("Mul", [emitMap(context, sums, call.yShape), share(context, call)]);
}

/** The gradient of an average pooling of [C, H, W, N]. */
export function emitSmallMapAveragePoolGradient(
  context: BlockedContext,
  call: Omit<SmallMapPoolCall, "x"> & { readonly dy: TensorName },
): TensorName {
  const { emit } = context;
  const shares = emitPixels(context, emit.op("Mul", [call.dy, share(context, call)]), call.yShape);
  const meetings = windowsOf(call).flat();
  const sums = Array.from({ length: call.xShape[1]! * call.xShape[2]! }, (_, pixel) => {
    const own = meetings.filter(({ input }) => input === pixel);
    if (own.length === 0) return undefined;
    return emit.op(
      "Sum",
      own.map(({ output }) => shares[output]!),
    );
  });
  return emitMap(context, sums, call.xShape);
}

const share = ({ emit }: BlockedContext, { params }: Omit<SmallMapPoolCall, "x">): TensorName =>
  emit.scalar(1 / (params.kernel[0] * params.kernel[1]), "float32");
