import { expectation, type Shape, ShapeError } from "../../core/index.js";
import { apply, requireFloating, type Value } from "../graph.js";
import { definePrimitive, secondDerivativeMissing, type ValueType } from "../primitive.js";
import { sweep, type Window2d, type WindowOptions, window2d } from "./convolution.js";

/** Parameters of poolings. Dilation is 1 for the average. */
export interface Pool2dParams extends Window2d {
  readonly kernel: readonly [number, number];
}

function poolShape(where: string, x: ValueType, params: Pool2dParams): ValueType {
  requireFloating(where, x);
  const { kernel, padding } = params;
  if (x.shape.length !== 4) throw new ShapeError(expectation(where, "x [N, C, H, W]", `[${x.shape}]`));
  if (padding.some((width, side) => width * 2 > kernel[side % 2 === 0 ? 0 : 1])) {
    throw new ShapeError(expectation(where, `padding of at most half the kernel [${kernel}]`, `[${padding}]`));
  }
  return { shape: [x.shape[0]!, x.shape[1]!, ...sweep(where, x.shape.slice(2), kernel, params)], dtype: x.dtype };
}

export const maxPool2dPrimitive = definePrimitive({
  name: "maxPool2d",
  infer: ([x]: readonly ValueType[], params: Pool2dParams) => poolShape("maxPool2d", x!, params),
  vjp: ({ cotangent, inputs: [x], output, params }) => [
    apply(maxPool2dGradientPrimitive, [x!, output, cotangent], params),
  ],
});

/** (x, y, dy) → dx. Of tied maxima the first in row-major order receives the gradient, as in PyTorch. */
export const maxPool2dGradientPrimitive = definePrimitive({
  name: "maxPool2dGradient",
  infer: ([x]: readonly ValueType[], _params: Pool2dParams) => x!,
  vjp: secondDerivativeMissing("maxPool2dGradient"),
});

export const averagePool2dPrimitive = definePrimitive({
  name: "averagePool2d",
  infer: ([x]: readonly ValueType[], params: Pool2dParams) => poolShape("averagePool2d", x!, params),
  vjp: ({ cotangent, inputs: [x], params }) => [averagePool2dGradient(cotangent, { ...params, inputShape: x!.shape })],
});

/** Parameters of the adjoint of the average pooling: those of the pooling, and the shape of its input. */
export interface AveragePool2dGradientParams extends Pool2dParams {
  readonly inputShape: Shape;
}
export const averagePool2dGradientPrimitive = definePrimitive({
  name: "averagePool2dGradient",
  infer: ([dy]: readonly ValueType[], { inputShape }: AveragePool2dGradientParams) => ({
    shape: inputShape,
    dtype: dy!.dtype,
  }),
  vjp: ({ cotangent, params: { inputShape: _, ...params } }) => [apply(averagePool2dPrimitive, [cotangent], params)],
});

const averagePool2dGradient = (dy: Value, params: AveragePool2dGradientParams): Value =>
  apply(averagePool2dGradientPrimitive, [dy], params);

/** Options of poolings. The stride is the kernel's size by default. */
export interface Pool2dOptions extends WindowOptions {
  readonly kernel: number | readonly [number, number];
}

function pool2dParams({ kernel, ...window }: Pool2dOptions): Pool2dParams {
  return { ...window2d({ stride: kernel, ...window }), kernel: typeof kernel === "number" ? [kernel, kernel] : kernel };
}

/** Maximum over windows of x [N, C, H, W]; padding counts as −∞. */
export const maxPool2d = (x: Value, options: Pool2dOptions): Value =>
  apply(maxPool2dPrimitive, [x], pool2dParams(options));

/** Mean over windows of x [N, C, H, W]; padding counts as zeros and is included in the count. */
export const averagePool2d = (x: Value, options: Omit<Pool2dOptions, "dilation">): Value =>
  apply(averagePool2dPrimitive, [x], pool2dParams(options));
