import type { Shape } from "../../src/core/index.js";
import type { Conv2dParams, Pool2dParams } from "../../src/graph/index.js";

/** A convolution as networks have it: square, padded by half its kernel. */
export interface ConvolutionShape {
  readonly name: string;
  readonly xShape: Shape;
  readonly wShape: Shape;
  readonly yShape: Shape;
  readonly params: Conv2dParams & { readonly inputShape: Shape; readonly weightShape: Shape };
}

/** @param size Of the map of x, in either direction. */
export function convolutionShape(
  batch: number,
  [c, k]: readonly [number, number],
  size: number,
  kernel: number,
  stride = 1,
): ConvolutionShape {
  const padding = (kernel - 1) / 2;
  const [xShape, wShape] = [
    [batch, c, size, size],
    [k, c, kernel, kernel],
  ];
  return {
    name: `${c} → ${k}, ${size}×${size}, ${kernel}×${kernel}${stride > 1 ? ` / ${stride}` : ""}, batch ${batch}`,
    xShape,
    wShape,
    yShape: [batch, k, size / stride, size / stride],
    params: {
      stride: [stride, stride],
      padding: [padding, padding, padding, padding],
      dilation: [1, 1],
      groups: 1,
      inputShape: xShape,
      weightShape: wShape,
    },
  };
}

/** A pooling as networks have it. */
export interface PoolingShape {
  readonly name: string;
  readonly xShape: Shape;
  readonly yShape: Shape;
  readonly params: Pool2dParams;
}

export function poolingShape(batch: number, c: number, size: number, kernel: number, padding = 0): PoolingShape {
  return {
    name: `${c}, ${size}×${size}, ${kernel}×${kernel} / 2, batch ${batch}`,
    xShape: [batch, c, size, size],
    yShape: [batch, c, size / 2, size / 2],
    params: {
      kernel: [kernel, kernel],
      stride: [2, 2],
      padding: [padding, padding, padding, padding],
      dilation: [1, 1],
    },
  };
}

/** [N, C, H, W] → [C, H, W, N]. */
export const batchLast = ([n, ...rest]: Shape): Shape => [...rest, n!];
