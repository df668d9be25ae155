import { expectation, type Shape, ShapeError, sameShape } from "../../core/index.js";
import { apply, requireFloating, type Value } from "../graph.js";
import { definePrimitive, type ValueType } from "../primitive.js";

/** Geometry of a 2-D convolution or pooling window, in elements. */
export interface Window2d {
  /** Vertical and horizontal stride. */
  readonly stride: readonly [number, number];
  /** Zeros added at top, left, bottom and right. */
  readonly padding: readonly [number, number, number, number];
  /** Distance between kernel elements. */
  readonly dilation: readonly [number, number];
}

/** Parameters of {@link conv2d}. */
export interface Conv2dParams extends Window2d {
  /** Input and output channels are split into this many groups that do not see each other. */
  readonly groups: number;
}

/** Height and width that a window sweeps out. Throws a {@link ShapeError} where the window does not fit. */
export function sweep(where: string, [height, width]: Shape, kernel: Shape, window: Window2d): [number, number] {
  const { stride, padding, dilation } = window;
  const bad = [...stride, ...dilation].some((n) => !(Number.isInteger(n) && n >= 1));
  if (bad || padding.some((n) => !(Number.isInteger(n) && n >= 0))) {
    const got = `stride [${stride}], dilation [${dilation}], padding [${padding}]`;
    throw new ShapeError(expectation(where, "integer stride and dilation ≥ 1 and padding ≥ 0", got));
  }
  const along = (axis: 0 | 1, size: number): number => {
    const covered = size + padding[axis] + padding[axis + 2]! - (dilation[axis] * (kernel[axis]! - 1) + 1);
    if (covered < 0) {
      throw new ShapeError(
        expectation(where, `a padded size of at least the kernel's at axis ${axis + 2}`, size, "pad more"),
      );
    }
    return Math.floor(covered / stride[axis]) + 1;
  };
  return [along(0, height!), along(1, width!)];
}

function convShape(x: Shape, w: Shape, params: Conv2dParams): number[] {
  if (x.length !== 4 || w.length !== 4) {
    throw new ShapeError(expectation("conv2d", "x [N, C, H, W] and w [K, C/groups, h, w]", `[${x}] and [${w}]`));
  }
  const { groups } = params;
  if (w[0]! % groups !== 0) {
    throw new ShapeError(expectation("conv2d", `w.shape[0] a multiple of groups (${groups})`, w[0], "check groups"));
  }
  if (x[1] !== w[1]! * groups) {
    throw new ShapeError(
      expectation("conv2d", `x.shape[1] = w.shape[1] * groups (${w[1]! * groups})`, x[1], "check groups"),
    );
  }
  return [x[0]!, w[0]!, ...sweep("conv2d", x.slice(2), w.slice(2), params)];
}

export const conv2dPrimitive = definePrimitive({
  name: "conv2d",
  infer: ([x, w]: readonly ValueType[], params: Conv2dParams) => {
    requireFloating("conv2d", x!, w!);
    if (x!.dtype !== w!.dtype) {
      throw new ShapeError(expectation("conv2d", "operands of one dtype", `${x!.dtype}, ${w!.dtype}`));
    }
    return { shape: convShape(x!.shape, w!.shape, params), dtype: x!.dtype };
  },
  vjp: ({ cotangent: g, inputs: [x, w], params }) => [
    conv2dInputGradient(g, w!, x!.shape, params),
    conv2dWeightGradient(x!, g, w!.shape, params),
  ],
});

/** Parameters of {@link conv2dInputGradient}: those of the convolution, and the shape of its input. */
export interface Conv2dInputGradientParams extends Conv2dParams {
  readonly inputShape: Shape;
}
export const conv2dInputGradientPrimitive = definePrimitive({
  name: "conv2dInputGradient",
  infer: ([dy, w]: readonly ValueType[], params: Conv2dInputGradientParams) => {
    requireGradientShape("conv2dInputGradient", dy!.shape, convShape(params.inputShape, w!.shape, params));
    return { shape: params.inputShape, dtype: dy!.dtype };
  },
  vjp: ({ cotangent: g, inputs: [dy, w], params }) => [
    conv2d(g, w!, params),
    conv2dWeightGradient(g, dy!, w!.shape, params),
  ],
});

/** Parameters of {@link conv2dWeightGradient}: those of the convolution, and the shape of its weights. */
export interface Conv2dWeightGradientParams extends Conv2dParams {
  readonly weightShape: Shape;
}
export const conv2dWeightGradientPrimitive = definePrimitive({
  name: "conv2dWeightGradient",
  infer: ([x, dy]: readonly ValueType[], params: Conv2dWeightGradientParams) => {
    requireGradientShape("conv2dWeightGradient", dy!.shape, convShape(x!.shape, params.weightShape, params));
    return { shape: params.weightShape, dtype: x!.dtype };
  },
  vjp: ({ cotangent: g, inputs: [x, dy], params }) => [
    conv2dInputGradient(dy!, g, x!.shape, params),
    conv2d(x!, g, params),
  ],
});

function requireGradientShape(where: string, got: Shape, expected: Shape): void {
  if (!sameShape(got, expected)) throw new ShapeError(expectation(where, `dy of shape [${expected}]`, `[${got}]`));
}

/** Options of a window as people write them: one number stands for both directions. */
export interface WindowOptions {
  /** Stride, 1 by default. */
  readonly stride?: number | readonly [number, number];
  /** Zeros added on all sides, or [vertical, horizontal], or [top, left, bottom, right]; 0 by default. */
  readonly padding?: number | readonly [number, number] | readonly [number, number, number, number];
  /** Dilation, 1 by default. */
  readonly dilation?: number | readonly [number, number];
}

/** Options of {@link conv2d}. */
export interface Conv2dOptions extends WindowOptions {
  /** Groups, 1 by default; as many as input channels for a depthwise convolution. */
  readonly groups?: number;
}

const pair = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === "number" ? [value, value] : value;

/** Spells a window's options out. */
export function window2d({ stride = 1, padding = 0, dilation = 1 }: WindowOptions): Window2d {
  const sides =
    typeof padding === "number"
      ? ([padding, padding, padding, padding] as const)
      : padding.length === 2
        ? ([padding[0], padding[1], padding[0], padding[1]] as const)
        : padding;
  return { stride: pair(stride), padding: sides, dilation: pair(dilation) };
}

/**
 * 2-D cross-correlation (what the field calls convolution): x [N, C, H, W], w [K, C/groups, h, w] → [N, K, H′, W′],
 * y[n, k, i, j] = Σ_{c, a, b} w[k, c, a, b] · x[n, c, i·stride + a·dilation − padding, …].
 */
export const conv2d = (x: Value, w: Value, options: Conv2dOptions = {}): Value =>
  apply(conv2dPrimitive, [x, w], { ...window2d(options), groups: options.groups ?? 1 });

/** Gradient of {@link conv2d} with respect to its input, from dy [N, K, H′, W′] and w. */
export const conv2dInputGradient = (dy: Value, w: Value, inputShape: Shape, options: Conv2dOptions = {}): Value =>
  apply(conv2dInputGradientPrimitive, [dy, w], { ...window2d(options), groups: options.groups ?? 1, inputShape });

/** Gradient of {@link conv2d} with respect to its weights, from x and dy [N, K, H′, W′]. */
export const conv2dWeightGradient = (x: Value, dy: Value, weightShape: Shape, options: Conv2dOptions = {}): Value =>
  apply(conv2dWeightGradientPrimitive, [x, dy], { ...window2d(options), groups: options.groups ?? 1, weightShape });
