import {
  averagePool2d as averageWindows,
  type Layer,
  maxPool2d as maximumOfWindows,
  type Pool2dOptions,
  pad,
  relu as rectify,
  reduceMean,
  reshape,
  tanh as tangent,
  type Value,
} from "../graph/index.js";

function stateless(kind: string, apply: (x: Value) => Value, passesScale = true): Layer {
  return { kind, apply, ...(passesScale ? { scale: "passes" as const } : {}) };
}

/** max(x, 0). */
export const relu = (): Layer => stateless("relu", rectify);

/** Hyperbolic tangent. It does not pass a scale on. */
export const tanh = (): Layer => stateless("tanh", tangent, false);

const pooling = (options: number | Pool2dOptions): Pool2dOptions =>
  typeof options === "number" ? { kernel: options } : options;

/** Maximum over windows; a number is kernel and stride. */
export const maxPool2d = (options: number | Pool2dOptions): Layer =>
  stateless("maxPool2d", (x) => maximumOfWindows(x, pooling(options)));

/** Mean over windows; a number is kernel and stride. */
export const averagePool2d = (options: number | Pool2dOptions): Layer =>
  stateless("averagePool2d", (x) => averageWindows(x, pooling(options)));

/** Mean over all positions: [N, C, H, W] → [N, C]. */
export const globalAveragePool = (): Layer =>
  stateless("globalAveragePool", (x) => reshape(reduceMean(x, [2, 3]), [x.shape[0]!, x.shape[1]!]));

/** [N, …] → [N, product of the rest]. */
export const flatten = (): Layer => stateless("flatten", (x) => reshape(x, [x.shape[0]!, -1]));

/** Centres [N, C, H, W] in zeros up to at least `size` × `size`; larger inputs are left as they are. */
export const padTo = (size: number): Layer =>
  stateless("padTo", (x) => {
    const missing = x.shape.map((length, axis) => (axis < 2 ? 0 : Math.max(size - length, 0)));
    const before = missing.map((width) => Math.floor(width / 2));
    return pad(
      x,
      before,
      missing.map((width, axis) => width - before[axis]!),
    );
  });
