import type { Value } from "../../graph/index.js";
import { isUnscaled, type Labels, ofRank, unscaledLabels } from "./labels.js";
import type { Reason, ScaleAlgebra, Scaling, Shift } from "./scaling.js";
import { pure } from "./scaling.js";

/** What a rule is given beside the scalings of its inputs. */
export interface RuleContext<P extends object = object> {
  /** The value that the primitive makes. */
  readonly output: Value;
  readonly inputs: readonly Value[];
  readonly params: P;
  readonly algebra: ScaleAlgebra;
  /** The largest constant that counts as ε. */
  readonly largestEpsilon: number;
}

/** How the output of a primitive scales, given how its inputs do. */
export type ScalingRule<P extends object = object> = (inputs: readonly Scaling[], context: RuleContext<P>) => Scaling;

/** f(cx) = f(x): the outcome does not scale whatever x does, as a sign. */
export const scaleFree: ScalingRule = ([x], { output, algebra }) => {
  algebra.settled(x!, output);
  return pure(unscaledLabels(output.rank));
};

/** f that knows no scale, as tanh: its arguments must not scale. */
export const rigid: ScalingRule = (inputs, { output, algebra }) => {
  const labels = inputs.map((input) => algebra.unscaledBy(input, output, "operator"));
  return pure(labels[0]!);
};

/** f(cx) = cᵖ f(x) elementwise, for c > 0. */
export const homogeneous =
  (degree: number): ScalingRule =>
  ([x], { output, algebra }) =>
    pure(algebra.power(algebra.settled(x!, output), degree));

/**
 * Something that moves elements: labels and constancy move likewise.
 *
 * @param movedOf Says how the numbers of a shift come to lie differently, so that it is not taken for what it was; empty if they
 *   do not, as where only axes along which it is constant change.
 */
export function moving<P extends object>(
  labelsOf: (labels: Labels, context: RuleContext<P>) => Labels,
  constancyOf: (constant: readonly boolean[], context: RuleContext<P>) => readonly boolean[],
  movedOf: (constant: readonly boolean[], context: RuleContext<P>) => string = () => "",
): ScalingRule<P> {
  return ([x], context) => ({
    labels: labelsOf(x!.labels, context),
    shifts: x!.shifts.map((shift) => ({
      ...shift,
      labels: labelsOf(shift.labels, context),
      constant: constancyOf(shift.constant, context),
      source: `${shift.source}${movedOf(shift.constant, context)}`,
    })),
  });
}

/** A number that a value consists of, if it is a constant of one element. */
export function numberOf({ source }: Value): number | undefined {
  if (source.kind !== "constant" || source.tensor.data.length !== 1) return undefined;
  const { dtype, data } = source.tensor;
  return dtype === "float16" || dtype === "bfloat16" ? undefined : Number(data[0]);
}

/** Along which axes of a result one of its operands is stretched, or of size 1. */
export function stretchedAxes(operand: Value, output: Value): boolean[] {
  const offset = output.rank - operand.rank;
  return output.shape.map((_, axis) => axis < offset || operand.shape[axis - offset] === 1);
}

/** A shift of an operand, in the axes of the result. */
export function lifted(shift: Shift, output: Value): Shift {
  const offset = output.rank - shift.constant.length;
  if (offset === 0) return shift;
  return {
    ...shift,
    labels: ofRank(shift.labels, output.rank),
    constant: [...new Array<boolean>(offset).fill(true), ...shift.constant],
  };
}

/** Whether two shifts are the same numbers but for their factors, in the same places. */
export const sameNumbers = (a: Shift, b: Shift): boolean =>
  a.source === b.source && a.constant.every((is, axis) => is === b.constant[axis]);

/** Whether anything about a value scales. */
export const scales = ({ labels, shifts }: Scaling): boolean => shifts.length > 0 || !isUnscaled(labels);

/** Requires with one reason at one place. */
export const requiring =
  ({ algebra, output }: Pick<RuleContext, "algebra" | "output">, reason: Reason) =>
  (product: number): void =>
    algebra.require({ product, reason, at: output });
