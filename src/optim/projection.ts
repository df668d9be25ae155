import { assertArgument } from "../core/index.js";
import { abs, div, greater, maximum, mul, reduceMax, reduceSum, type Value, where } from "../graph/index.js";
import { axesOf, groupNorms, tangential } from "./group-norm.js";
import type { DecayScale } from "./rules.js";
import type { UpdateContext, UpdateRule } from "./update-rule.js";

/** How {@link dropRadial} finds the weights that it projects. */
export interface ProjectionOptions {
  /**
   * `analysis` (default): those that are known to be scale-invariant, by channel or as a whole. `cosine`: in each step
   * those whose gradient is nearly orthogonal to them, as the authors' code has it.
   */
  readonly by?: "analysis" | "cosine";
  /** δ > 0 of the cosine: a view of a weight counts as scale-invariant if max |cos(w, g)| < δ/√dim; 0.1 by default. */
  readonly delta?: number;
}

/** Keeps the cosine of an all-zero gradient finite; that of the authors' code. */
const smallestProduct = 1e-8;

/**
 * u ← u − ŵ⟨ŵ, u⟩ for scale-invariant weights, over each channel or the whole tensor: no step lengthens them but by
 * Pythagoras (Heo et al. 2021, arXiv 2006.08217, equation 12). Comes after the momentum, which keeps its radial part.
 *
 * With `by: "cosine"` a weight of two axes or more is seen as its channels (axis 0), then as a whole; the first view with
 * max |cos(w, g)| < δ/√dim, dim being the length of the view's vectors, is projected in (algorithm 1 there).
 *
 * @throws InvalidArgumentError unless δ > 0.
 */
export function dropRadial(options: ProjectionOptions = {}): UpdateRule {
  checkProjection(options);
  return {
    name: "dropRadial",
    slots: [],
    apply: (update, context) =>
      views(options, context).reduceRight((otherwise, { axes, holds }) => {
        const projected = tangential(update, context.weight, axes);
        return holds === undefined ? projected : where(holds, projected, otherwise);
      }, update),
  };
}

/** s = `ratio` for the weights that {@link dropRadial} projects, and 1 for the others. */
export function decayOfProjected(ratio: number, options: ProjectionOptions = {}): DecayScale {
  checkProjection(options);
  return (context) => {
    const { graph, dtype } = context.weight;
    return views(options, context).reduceRight<Value | number>((otherwise, { holds }) => {
      if (holds === undefined) return ratio;
      return where(holds, ratio, typeof otherwise === "number" ? graph.constant(otherwise, dtype) : otherwise);
    }, 1);
  };
}

function checkProjection({ delta = 0.1 }: ProjectionOptions): void {
  assertArgument(delta > 0 && Number.isFinite(delta), "projection", "delta > 0", delta);
}

/** A way of seeing a weight as vectors, and whether their scales are irrelevant in this step; undefined: they are. */
interface View {
  readonly axes: readonly number[];
  readonly holds?: Value;
}

function views({ by = "analysis", delta = 0.1 }: ProjectionOptions, context: UpdateContext): View[] {
  const { weight, gradient, normAxes } = context;
  if (by === "analysis") return normAxes === undefined ? [] : [{ axes: normAxes }];
  if (weight.rank < 2) return [];
  return [axesOf(weight, [0]), axesOf(weight)].map((axes) => {
    const size = axes.reduce((product, axis) => product * weight.shape[axis]!, 1);
    const norms = maximum(mul(groupNorms(weight, axes), groupNorms(gradient, axes)), smallestProduct);
    const cosines = div(abs(reduceSum(mul(weight, gradient), axes)), norms);
    return { axes, holds: greater(delta / Math.sqrt(size), reduceMax(cosines)) };
  });
}
