import type { Shape } from "../../../src/core/index.js";
import type { Layer } from "../../../src/graph/index.js";
import {
  type ActivationNormOptions,
  batchNorm,
  ghostBatchNorm,
  groupNorm,
  instanceNorm,
  layerNorm,
  rmsNorm,
} from "../../../src/norm/index.js";

/** A normalization of activations, and what is claimed of it. Positions are [n, c, …] of an element. */
export interface NormRow {
  readonly name: string;
  readonly make: (options: ActivationNormOptions) => Layer;
  readonly shape: Shape;
  /** A shape that has one value for each statistic. */
  readonly single: Shape;
  /** A shape with 512 values for each statistic. */
  readonly large: Shape;
  /** Which statistic an element belongs to: elements with the same text are normalized together. */
  readonly group: (at: readonly number[], shape: Shape) => string;
  /** Which γ and β an element has. */
  readonly feature: (at: readonly number[], shape: Shape) => number;
  readonly centre: boolean;
  readonly affine: boolean;
  /** The weight of the newest batch, where there are running statistics. */
  readonly momentum?: number;
  /** What the scale of a weight before it matters to. */
  readonly scale: "channel" | "tensor";
}

const channel = ([, c]: readonly number[]): number => c!;
const perChannel = (at: readonly number[]): string => `${at[1]}`;

const usual = { feature: channel, centre: true, affine: true } as const;
const overBatch = { ...usual, group: perChannel, momentum: 0.25, scale: "channel" } as const;
const image = { shape: [4, 3, 2, 3], single: [1, 3, 1, 1], large: [8, 16, 8, 8] } as const;

/** The table's normalizations: a new one is a row here. */
export const normRows: readonly NormRow[] = [
  {
    ...overBatch,
    name: "batchNorm [N, C]",
    make: (options) => batchNorm({ momentum: 0.25, ...options }),
    shape: [6, 3],
    single: [1, 3],
    large: [512, 16],
  },
  {
    ...overBatch,
    ...image,
    name: "batchNorm [N, C, H, W]",
    make: (options) => batchNorm({ momentum: 0.25, ...options }),
  },
  {
    ...overBatch,
    ...image,
    name: "batchNorm, neither mean nor γ and β",
    make: (options) => batchNorm({ ...options, momentum: 0.25, centre: false, affine: false }),
    centre: false,
    affine: false,
  },
  {
    ...overBatch,
    name: "ghostBatchNorm",
    make: (options) => ghostBatchNorm({ size: 2, momentum: 0.25, ...options }),
    group: ([n, c]) => `${Math.floor(n! / 2)},${c}`,
    shape: [6, 3, 2, 3],
    single: [1, 3],
    large: [8, 4, 16, 16],
  },
  {
    ...usual,
    name: "layerNorm",
    make: layerNorm,
    group: ([n]) => `${n}`,
    shape: [4, 12],
    single: [3, 1],
    large: [16, 512],
    scale: "tensor",
  },
  {
    ...usual,
    name: "layerNorm, 2 axes",
    make: (options) => layerNorm({ axes: 2, ...options }),
    group: ([n, c]) => `${n},${c}`,
    feature: ([, , h, w], [, , , width]) => h! * width! + w!,
    shape: [2, 3, 3, 4],
    single: [2, 3, 1, 1],
    large: [4, 4, 16, 32],
    scale: "tensor",
  },
  {
    ...usual,
    name: "groupNorm",
    make: (options) => groupNorm({ groups: 2, ...options }),
    group: ([n, c], [, channels]) => `${n},${Math.floor((2 * c!) / channels!)}`,
    shape: [2, 4, 2, 3],
    single: [3, 2, 1, 1],
    large: [8, 8, 8, 16],
    scale: "tensor",
  },
  {
    ...usual,
    name: "instanceNorm",
    make: instanceNorm,
    group: ([n, c]) => `${n},${c}`,
    shape: [2, 3, 3, 4],
    single: [2, 3, 1, 1],
    large: [4, 4, 16, 32],
    scale: "channel",
  },
  {
    ...usual,
    name: "rmsNorm",
    make: (options) => rmsNorm(options),
    group: ([n]) => `${n}`,
    shape: [4, 12],
    single: [3, 1],
    large: [16, 512],
    centre: false,
    scale: "tensor",
  },
];

/** Indices along each axis of the element at a row-major position. */
export function positionOf(index: number, shape: Shape): number[] {
  const at: number[] = [];
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    at.unshift(rest % shape[axis]!);
    rest = Math.floor(rest / shape[axis]!);
  }
  return at;
}
