import type { Value } from "../../graph/index.js";
import { any, combined, isUnscaled, type Labels, ofRank } from "./labels.js";
import {
  homogeneous,
  lifted,
  numberOf,
  type RuleContext,
  requiring,
  rigid,
  type ScalingRule,
  sameNumbers,
  scaleFree,
  scales,
  stretchedAxes,
} from "./rule.js";
import { pure, type Scaling, type Shift } from "./scaling.js";

/** a ± b: both must scale alike, but for a summand that may still be absorbed as a shift. */
const sum =
  (sign: 1 | -1): ScalingRule =>
  ([a, b], context) => {
    const { output, inputs, algebra } = context;
    const epsilon = epsilonIn([a!, b!], context);
    if (epsilon) return epsilon;
    const shifts = together(
      a!.shifts.map((shift) => lifted(shift, output)),
      b!.shifts.map((shift) => lifted({ ...shift, factor: sign * shift.factor }, output)),
    );
    if (alike(a!.labels, b!.labels)) return { labels: algebra.equal(a!.labels, b!.labels, () => {}), shifts };
    const [left, right] = inputs.map((input) => stretchedAxes(input, output)) as [boolean[], boolean[]];
    const shiftOf = (labels: Labels, constant: readonly boolean[], value: Value, factor: number): Shift => ({
      ...{ labels: ofRank(labels, output.rank), constant, source: `%${value.id}`, factor, at: output, pending: [] },
    });
    const really = (constant: readonly boolean[]): number =>
      constant.filter((is, axis) => is && output.shape[axis]! > 1).length;
    if (really(right) > really(left)) {
      return {
        labels: ofRank(a!.labels, output.rank),
        shifts: [...shifts, shiftOf(b!.labels, right, inputs[1]!, sign)],
      };
    }
    if (really(left) > really(right)) {
      return { labels: ofRank(b!.labels, output.rank), shifts: [...shifts, shiftOf(a!.labels, left, inputs[0]!, 1)] };
    }
    return { labels: algebra.equal(a!.labels, b!.labels, requiring(context, "sum")), shifts };
  };

const alike = (a: Labels, b: Labels): boolean => {
  let equal = true;
  combined(a, b, (left, right) => {
    if (left !== right && left !== any && right !== any) equal = false;
    return left;
  });
  return equal;
};

/** Shifts of two summands; those of one source add up, or cancel. */
function together(a: readonly Shift[], b: readonly Shift[]): Shift[] {
  const rest = [...b];
  const sums = a.flatMap((shift) => {
    const at = rest.findIndex((other) => sameNumbers(shift, other));
    if (at < 0) return [shift];
    const [other] = rest.splice(at, 1);
    const factor = shift.factor + other!.factor;
    const cancels = Math.abs(factor) <= 1e-5 * Math.abs(shift.factor); // means divide by n in float32
    return cancels ? [] : [{ ...shift, factor }];
  });
  return [...sums, ...rest];
}

/** Something that scales with a small constant added (or a bound from below by it), which counts as 0. */
function epsilonIn([a, b]: readonly [Scaling, Scaling], { inputs, output, algebra, largestEpsilon }: RuleContext) {
  for (const [x, other, constant] of [
    [a, b, inputs[1]!],
    [b, a, inputs[0]!],
  ] as const) {
    const epsilon = scales(other) ? undefined : numberOf(constant);
    if (epsilon === undefined || !(epsilon > 0 && epsilon <= largestEpsilon)) continue;
    if (x.shifts.length > 0 || isUnscaled(x.labels)) continue;
    const labels = ofRank(x.labels, output.rank);
    algebra.epsilons.push({ epsilon, at: output, labels });
    return pure(labels);
  }
  return undefined;
}

/** a · b, or a / b. */
const product =
  (exponent: 1 | -1): ScalingRule =>
  ([a, b], context) => {
    const { inputs, output, algebra } = context;
    const combine = (left: Labels, right: Labels): Labels =>
      exponent === 1 ? algebra.product(left, right) : algebra.quotient(left, right);
    if (a!.shifts.length > 0 && b!.shifts.length === 0) return scaledShifts(a!, b!, inputs[1]!, exponent, combine);
    if (b!.shifts.length > 0 && a!.shifts.length === 0 && exponent === 1) {
      return scaledShifts(b!, a!, inputs[0]!, 1, combine);
    }
    return pure(combine(algebra.settled(a!, output), algebra.settled(b!, output)));

    function scaledShifts(x: Scaling, y: Scaling, by: Value, power: 1 | -1, join: typeof combine): Scaling {
      const number = isUnscaled(y.labels) ? numberOf(by) : undefined; // a weight may be a constant
      const constant = stretchedAxes(by, output);
      const shifts = x.shifts.map((shift) => {
        const own = lifted(shift, output);
        return {
          ...own,
          labels: join(own.labels, y.labels),
          constant: own.constant.map((is, axis) => is && (constant[axis]! || output.shape[axis] === 1)),
          ...(number === undefined
            ? { source: `${own.source}${power === 1 ? "·" : "/"}%${by.id}` }
            : { factor: own.factor * number ** power }),
        };
      });
      return { labels: join(x.labels, y.labels), shifts };
    }
  };

/** max(a, b): both must scale alike. A small constant as a bound from below counts as 0. */
const maximum: ScalingRule = (inputs, context) =>
  epsilonIn(inputs as [Scaling, Scaling], context) ?? extreme(inputs, context);

/** max(a, b) or min(a, b): both must scale alike. */
const extreme: ScalingRule = ([a, b], context) => {
  const { algebra, output } = context;
  const labels = [a!, b!].map((operand) => algebra.settled(operand, output)) as [Labels, Labels];
  return pure(algebra.equal(...labels, requiring(context, "comparison")));
};

/** Whether a > b, or a = b: as long as both scale alike, the answer stays. */
const comparison: ScalingRule = (inputs, context) => scaleFree([maximum(inputs, context)], context);

const choice: ScalingRule = ([, a, b], context) => {
  const { algebra, output } = context;
  const labels = [a!, b!].map((operand) => ofRank(algebra.settled(operand, output), output.rank)) as [Labels, Labels];
  return pure(algebra.equal(...labels, requiring(context, "sum")));
};

const negation: ScalingRule = ([x]) => ({
  labels: x!.labels,
  shifts: x!.shifts.map((shift) => ({ ...shift, factor: -shift.factor })),
});

/** The rules of elementwise primitives. */
export const elementwiseRules = {
  add: sum(1),
  sub: sum(-1),
  mul: product(1),
  div: product(-1),
  maximum,
  minimum: extreme,
  greater: comparison,
  equal: comparison,
  neg: negation,
  abs: homogeneous(1),
  relu: homogeneous(1),
  sqrt: homogeneous(1 / 2),
  reciprocal: homogeneous(-1),
  power: ((inputs, context) => homogeneous(context.params.exponent)(inputs, context)) as ScalingRule<{
    readonly exponent: number;
  }>,
  sign: scaleFree,
  step: scaleFree,
  exp: rigid,
  log: rigid,
  tanh: rigid,
  sigmoid: rigid,
  erf: rigid,
  asin: rigid,
  where: choice,
} as const;
