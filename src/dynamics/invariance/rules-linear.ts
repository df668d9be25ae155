import type { AxisParams, Conv2dParams, Pool2dParams, ReduceParams, TopKParams } from "../../graph/index.js";
import { alikeAlong, contracted, mergeAxes, regrouped, splitAxis, withAxis } from "./contraction.js";
import { type Labels, padded } from "./labels.js";
import { type RuleContext, requiring, rigid, type ScalingRule, scaleFree } from "./rule.js";
import { pure, type Requirement, type Scaling, type Shift } from "./scaling.js";

/** Σ over axes: all terms must scale alike. A shift that is constant along all of them grows by their number. */
const reduceSum: ScalingRule<ReduceParams> = ([x], context) => {
  const { params, inputs } = context;
  const count = params.axes.reduce((product, axis) => product * inputs[0]!.shape[axis]!, 1);
  return reduced(x!, params.axes, count, context);
};

const reduceMax: ScalingRule<ReduceParams> = ([x], context) => reduced(x!, context.params.axes, 1, context);

function reduced(x: Scaling, axes: readonly number[], growth: number, context: RuleContext): Scaling {
  const { algebra, output } = context;
  const kept = x.shifts.filter(({ constant }) => axes.every((axis) => constant[axis]));
  const lost = x.shifts.filter((shift) => !kept.includes(shift));
  const labels = algebra.settled({ labels: x.labels, shifts: lost }, output);
  return {
    labels: alikeAlong(labels, axes, algebra.monomials, requiring(context, "contraction")),
    shifts: kept.map((shift) => ({ ...shift, factor: shift.factor * growth })),
  };
}

/** The k largest along an axis: a constant along it only moves them. */
const topK: ScalingRule<TopKParams> = ([x], context) => reduced(x!, [context.params.axis], 1, context);

const ranking: ScalingRule<AxisParams> = ([x], context) =>
  scaleFree([reduced(x!, [context.params.axis], 1, context)], context);

/** A constant along the axis cancels; nothing may scale. */
const logSoftmax: ScalingRule<AxisParams> = ([x], context) => {
  const shifts = x!.shifts.filter(({ constant }) => !constant[context.params.axis]);
  return rigid([{ labels: x!.labels, shifts }], context);
};

/** Windows: all that falls into one must scale alike; a constant over the whole picture is added to the result. */
const maxPool2d: ScalingRule<Pool2dParams> = ([x], context) => windowed(x!, context);

const averagePool2d: ScalingRule<Pool2dParams> = ([x], context) => {
  const { algebra, output, params } = context;
  const padding = params.padding.some((width) => width > 0); // its zeros are averaged in
  return windowed(padding ? pure(algebra.settled(x!, output)) : x!, context);
};

const windowed = (x: Scaling, context: RuleContext): Scaling => reduced(x, [2, 3], 1, context);

const matmul: ScalingRule = ([a, b], context) => {
  const { algebra, output } = context;
  const [left, right] = [a!, b!].map(({ shifts }) => shifts.length > 0);
  if (left && right) {
    return pure(product(algebra.settled(a!, output), algebra.settled(b!, output), requiring(context, "contraction")));
  }
  return {
    labels: product(a!.labels, b!.labels, requiring(context, "contraction")),
    shifts: [
      ...a!.shifts.map((shift) => multiplied(shift, (labels, require) => product(labels, b!.labels, require), 0)),
      ...b!.shifts.map((shift) => multiplied(shift, (labels, require) => product(a!.labels, labels, require), 1)),
    ],
  };

  /** a [..., M, K] and b [..., K, N] as [..., M, K, 1] and [..., 1, K, N], summed over K. */
  function product(x: Labels, y: Labels, require: (product: number) => void): Labels {
    const wide = (labels: Labels): Labels => regrouped(labels, padded(labels.shape, output.rank));
    const [p, q] = [withAxis(wide(x), output.rank), withAxis(wide(y), output.rank - 2)];
    return contracted(p, q, output.rank - 1, algebra.monomials, require);
  }

  /** (x + s) · y = x · y + s · y, where s · y is constant along the rows, or columns, along which s is. */
  function multiplied(
    shift: Shift,
    labelsOf: (labels: Labels, require: (product: number) => void) => Labels,
    side: 0 | 1,
  ): Shift {
    const pending: Requirement[] = [...shift.pending];
    const labels = labelsOf(shift.labels, (product) => pending.push({ product, reason: "contraction", at: output }));
    const { rank } = output;
    const own = shift.constant.length - (side === 0 ? 2 : 1);
    const constant = output.shape.map((size, axis) => size === 1 || (axis === rank - 2 + side && shift.constant[own]!));
    const other = context.inputs[1 - side]!;
    return { ...shift, labels, constant, source: `${shift.source}@${side}%${other.id}`, pending };
  }
};

/** x [N, C, H, W] and w [K, C/g, h, w]: summed over the group's input channels and the window. */
const conv2d: ScalingRule<Conv2dParams> = ([x, w], context) => {
  const { algebra, output, inputs, params } = context;
  const { groups } = params;
  const require = requiring(context, "contraction");
  const pixels = alikeAlong(algebra.settled(x!, output), [2, 3], algebra.monomials, require);
  const kernel = alikeAlong(algebra.settled(w!, output), [2, 3], algebra.monomials, require);
  // As [n, g, 1, c] and [1, g, K/g, c], with the spatial axes, which are of size 1, left out.
  const left = withAxis(splitAxis(flat(pixels), 1, groups), 2);
  const right = withAxis(splitAxis(flat(kernel), 0, groups), 0);
  const sum = contracted(left, right, 3, algebra.monomials, require);
  return pure(spatial(mergeAxes(sum, 1, groups, inputs[1]!.shape[0]! / groups)));
};

/** dy [N, K, H′, W′] and w [K, C/g, h, w]: a transposed convolution, summed over the group's K/g. */
const conv2dInputGradient: ScalingRule<Conv2dParams> = ([dy, w], context) => {
  const { algebra, output, inputs, params } = context;
  const { groups } = params;
  const require = requiring(context, "contraction");
  const pixels = alikeAlong(algebra.settled(dy!, output), [2, 3], algebra.monomials, require);
  const kernel = alikeAlong(algebra.settled(w!, output), [2, 3], algebra.monomials, require);
  const left = withAxis(splitAxis(flat(pixels), 1, groups), 3);
  const right = withAxis(splitAxis(flat(kernel), 0, groups), 0);
  const sum = contracted(left, right, 2, algebra.monomials, require);
  return pure(spatial(mergeAxes(sum, 1, groups, inputs[1]!.shape[1]!)));
};

const flat = (labels: Labels): Labels => regrouped(labels, labels.shape.slice(0, 2));
const spatial = (labels: Labels): Labels => regrouped(labels, [...labels.shape, 1, 1]);

/** The rules of primitives that add up. */
export const linearRules = {
  reduceSum,
  reduceMax,
  topK,
  topKIndices: ranking,
  argMax: ranking,
  logSoftmax,
  matmul,
  conv2d,
  conv2dInputGradient,
  conv2dWeightGradient: rigid,
  maxPool2d,
  maxPool2dGradient: rigid,
  averagePool2d,
  averagePool2dGradient: rigid,
} as const;
