import { type DType, isFloating, type Shape } from "../../core/index.js";
import type {
  AxisParams,
  PadParams,
  ScatterParams,
  ShapeParams,
  SliceParams,
  TransposeParams,
} from "../../graph/index.js";
import { reshapedConstancy, reshapedLabels } from "./blocks.js";
import { alikeAlong, regrouped, slicedLabels } from "./contraction.js";
import { any, joined, type Labels, ofRank, transposed, uniform, unscaledLabels } from "./labels.js";
import { unscaled } from "./monomials.js";
import { moving, requiring, type ScalingRule, sameNumbers } from "./rule.js";
import { pure, type Scaling, type Shift } from "./scaling.js";

const same: ScalingRule = ([x]) => x!;

const cast: ScalingRule<{ readonly dtype: DType }> = ([x], { output, params: { dtype }, algebra }) =>
  isFloating(dtype) ? x! : pure(algebra.unscaledBy(x!, output, "operator"));

/** The sizes of the axes along which something varies. */
const varying = (constant: readonly boolean[], shape: Shape): string =>
  shape.filter((_, axis) => !constant[axis]).join();

const reshape = moving<ShapeParams>(
  (labels, { inputs, output }) => reshapedLabels(labels, inputs[0]!.shape, output.shape),
  (constant, { inputs, output }) => reshapedConstancy(constant, inputs[0]!.shape, output.shape),
  (constant, { inputs, output }) => {
    const after = varying(reshapedConstancy(constant, inputs[0]!.shape, output.shape), output.shape);
    return varying(constant, inputs[0]!.shape) === after ? "" : `[${output.shape}]`;
  },
);

const broadcastTo = moving<ShapeParams>(
  (labels, { output }) => ofRank(labels, output.rank),
  (constant, { inputs, output }) => {
    const offset = output.rank - inputs[0]!.rank;
    return output.shape.map((_, axis) => axis < offset || constant[axis - offset]!);
  },
);

const transpose = moving<TransposeParams>(
  (labels, { params }) => transposed(labels, params.permutation),
  (constant, { params }) => params.permutation.map((axis) => constant[axis]!),
  (constant, { params: { permutation } }) => {
    const order = permutation.filter((axis) => !constant[axis]);
    return order.every((axis, k) => k === 0 || order[k - 1]! < axis) ? "" : `[${permutation}]`;
  },
);

const slice = moving<SliceParams>(
  (labels, { params, output }) => slicedLabels(labels, params.starts, params.strides, output.shape),
  (constant, { output }) => constant.map((is, axis) => is || output.shape[axis] === 1),
  (constant, { params: { starts, strides }, inputs, output }) => {
    const cut = output.shape.some((size, axis) => !constant[axis] && size !== inputs[0]!.shape[axis]);
    return cut ? `[${starts}:${output.shape}:${strides}]` : "";
  },
);

const concat: ScalingRule<AxisParams> = (inputs, { inputs: values, output, params: { axis } }) => {
  const sizes = values.map(({ shape }) => shape[axis]!);
  const join = (parts: readonly Labels[]): Labels => joined(parts, axis, sizes);
  const everywhere = commonShifts(inputs, axis);
  const shared = new Set(everywhere.map(([{ source }]) => source));
  // A shift of one part alone is one of the whole, 0 in the other parts.
  const alone = inputs.flatMap(({ shifts }, place) =>
    shifts
      .filter(({ source }) => !shared.has(source))
      .map((shift) => ({
        ...shift,
        labels: join(inputs.map((_, k) => (k === place ? shift.labels : uniform(output.rank, any)))),
        constant: shift.constant.with(axis, output.shape[axis] === 1),
        source: `${shift.source}@${place}%${output.id}`,
      })),
  );
  return {
    labels: join(inputs.map(({ labels }) => labels)),
    shifts: [
      ...everywhere.map((parts) => ({ ...parts[0], labels: join(parts.map(({ labels }) => labels)) })),
      ...alone,
    ],
  };
};

/** Shifts that all parts have, constant along the axis on which they are joined: the whole has them too, as when it is rolled. */
function commonShifts([first, ...others]: readonly Scaling[], axis: number): [Shift, ...Shift[]][] {
  return first!.shifts.flatMap((shift): [Shift, ...Shift[]][] => {
    const twins = others.flatMap(({ shifts }) =>
      shifts.filter((other) => sameNumbers(other, shift) && other.factor === shift.factor),
    );
    const all: [Shift, ...Shift[]] = [shift, ...twins];
    return twins.length === others.length && all.every(({ constant }) => constant[axis]) ? [all] : [];
  });
}

const pad: ScalingRule<PadParams> = ([x], { inputs, output, params: { before, after, value }, algebra }) => {
  const neutral = value === 0 || !Number.isFinite(value);
  const edge = uniform(output.rank, neutral ? any : unscaled);
  return pure(
    inputs[0]!.shape.reduce(
      (labels, size, axis) => {
        const width = before[axis]! + after[axis]!;
        if (width === 0 || (neutral && labels.shape[axis] === 1)) return labels; // zeros scale as what is around them
        const parts = [
          { part: edge, length: before[axis]! },
          { part: labels, length: size },
          { part: edge, length: after[axis]! },
        ].filter(({ length }) => length > 0);
        return joined(
          parts.map(({ part }) => part),
          axis,
          parts.map(({ length }) => length),
        );
      },
      algebra.settled(x!, output),
    ),
  );
};

/** Which slices are taken is not known here: all must scale alike. */
const gather: ScalingRule<AxisParams> = ([x], context) => {
  const { inputs, output, params, algebra } = context;
  const labels = alikeAlong(algebra.settled(x!, output), [params.axis], algebra.monomials, requiring(context, "sum"));
  const ones = new Array<number>(inputs[1]!.rank).fill(1);
  return pure(regrouped(labels, labels.shape.toSpliced(params.axis, 1, ...ones)));
};

const scatterAdd: ScalingRule<ScatterParams> = ([updates], context) => {
  const { inputs, output, params, algebra } = context;
  const rank = inputs[1]!.rank;
  const axes = Array.from({ length: rank }, (_, k) => params.axis + k);
  const labels = alikeAlong(algebra.settled(updates!, output), axes, algebra.monomials, requiring(context, "sum"));
  return pure(regrouped(labels, labels.shape.toSpliced(params.axis, rank, 1)));
};

const alongAxis: ScalingRule<AxisParams> = ([x], context) => {
  const { output, params, algebra } = context;
  return pure(alikeAlong(algebra.settled(x!, output), [params.axis], algebra.monomials, requiring(context, "sum")));
};

/** The rules of primitives that move elements. */
export const structureRules = {
  reshape,
  broadcastTo,
  transpose,
  slice,
  concat,
  pad,
  cast,
  stopGradient: same,
  customGradient: same,
  gather,
  scatterAdd,
  gatherElements: alongAxis,
  scatterAddElements: alongAxis,
  oneHot: ((_, { output }) => pure(unscaledLabels(output.rank))) as ScalingRule,
} as const;
