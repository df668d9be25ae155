import type { AxisParams, Conv2dParams, Pool2dParams, ReduceParams, TopKParams } from "../../graph/index.js";
import { alikeAlong, contracted, mergeAxes, type Require, regrouped, splitAxis, withAxis } from "./contraction.js";
import { type Labels, ofRank } from "./labels.js";
import type { Monomials } from "./monomials.js";
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
  const labels = algebra.settled({ labels: x.labels, shifts: lost }, output, kept.length === 0);
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

/** How labels of two factors make those of their product; `require` is told what must be 1 for the terms to scale alike. */
type Multiply = (a: Labels, b: Labels, require: Require) => Labels;

/**
 * (x + s) · w = x · w + s · w for something linear in both: a shift of one factor becomes one of the product, along whose
 * axes `constancyOf` says where it is constant; one that is to be dropped is settled first. Of shifts s and t of both, s · t is
 * constant where either s · w or x · t is: it goes with the one that is subtracted, and scales as the rest if none is.
 */
function multiplied(
  [a, b]: readonly [Scaling, Scaling],
  context: RuleContext,
  multiply: Multiply,
  constancyOf: (shift: Shift, side: 0 | 1) => readonly boolean[] | undefined,
): Scaling {
  const { algebra, output, inputs } = context;
  const kept = [a, b].map(({ shifts }, side) => shifts.filter((shift) => constancyOf(shift, side as 0 | 1)));
  const [left, right] = [a, b].map(({ labels, shifts }, side) => {
    const lost = shifts.filter((shift) => !kept[side]!.includes(shift));
    return algebra.settled({ labels, shifts: lost }, output, kept[side]!.length === 0);
  }) as [Labels, Labels];
  const moved = (shift: Shift, side: 0 | 1): Shift => {
    const pending: Requirement[] = [...shift.pending];
    const require: Require = (product) => pending.push({ product, reason: "contraction", at: output });
    return {
      ...shift,
      labels: side === 0 ? multiply(shift.labels, right, require) : multiply(left, shift.labels, require),
      constant: constancyOf(shift, side)!,
      source: `${shift.source}@${side}%${inputs[1 - side]!.id}`,
      pending,
    };
  };
  return {
    labels: multiply(left, right, requiring(context, "contraction")),
    shifts: [...kept[0]!.map((shift) => moved(shift, 0)), ...kept[1]!.map((shift) => moved(shift, 1))],
  };
}

/** a [..., M, K] and b [..., K, N]: constant along the rows, or columns, along which the shift is. */
const matmul: ScalingRule = ([a, b], context) => {
  const { algebra, output } = context;
  const { rank } = output;
  const wide = (labels: Labels): Labels => ofRank(labels, rank);
  return multiplied(
    [a!, b!],
    context,
    // As [..., M, K, 1] and [..., 1, K, N], summed over K.
    (x, y, require) =>
      contracted(withAxis(wide(x), rank), withAxis(wide(y), rank - 2), rank - 1, algebra.monomials, require),
    ({ constant }, side) =>
      output.shape.map((size, axis) => size === 1 || (axis === rank - 2 + side && constant.at(side === 0 ? -2 : -1)!)),
  );
};

/** x [N, C, H, W] and w [K, C/g, h, w]: summed over the group's input channels and the window. */
const conv2d: ScalingRule<Conv2dParams> = ([x, w], context) => {
  const { algebra, inputs, params } = context;
  const { groups, padding } = params;
  const multiply: Multiply = (pixels, kernel, require) => {
    // As [n, g, 1, c] and [1, g, K/g, c]; the spatial axes, along which all must scale alike, are left out.
    const left = withAxis(splitAxis(flat(pixels, require), 1, groups), 2);
    const right = withAxis(splitAxis(flat(kernel, require), 0, groups), 0);
    const sum = contracted(left, right, 3, algebra.monomials, require);
    return spatial(mergeAxes(sum, 1, groups, inputs[1]!.shape[0]! / groups));
  };
  const flat = (labels: Labels, require: Require): Labels => withoutSpace(labels, algebra.monomials, require);
  const padded = padding.some((width) => width > 0); // its zeros end what is constant over the picture
  return multiplied([x!, w!], context, multiply, ({ constant }, side) =>
    side === 0 && !padded && constant[2] && constant[3]
      ? [constant[0]!, context.output.shape[1] === 1, true, true]
      : undefined,
  );
};

/** dy [N, K, H′, W′] and w [K, C/g, h, w]: a transposed convolution, summed over the group's K/g. */
const conv2dInputGradient: ScalingRule<Conv2dParams> = ([dy, w], context) => {
  const { algebra, inputs, params } = context;
  const { groups } = params;
  const multiply: Multiply = (pixels, kernel, require) => {
    const left = withAxis(splitAxis(withoutSpace(pixels, algebra.monomials, require), 1, groups), 3);
    const right = withAxis(splitAxis(withoutSpace(kernel, algebra.monomials, require), 0, groups), 0);
    const sum = contracted(left, right, 2, algebra.monomials, require);
    return spatial(mergeAxes(sum, 1, groups, inputs[1]!.shape[1]!));
  };
  return multiplied([dy!, w!], context, multiply, () => undefined);
};

/** Labels [a, b] of a value [a, b, height, width]. */
function withoutSpace(labels: Labels, monomials: Monomials, require: Require): Labels {
  const alike = alikeAlong(labels, [2, 3], monomials, require);
  return regrouped(alike, alike.shape.slice(0, 2));
}

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
