import type { AxisParams, ReduceParams, TopKParams } from "../../../graph/index.js";
import type { EmittedNode, TensorName } from "../emitter.js";
import type { Rule, RuleContext } from "../lowering.js";

/**
 * A reduction, in two stages where several axes go: the trailing ones first, then the others. One stage over 131,072
 * elements in float32 is wrong by 2e-2 of a gradient; two stages are as fast.
 */
const staged =
  (operator: string): Rule<ReduceParams> =>
  ({ emit, inputs: [x], types, params: { axes } }) => {
    const { shape } = types[0]!;
    const inner = trailing(axes, shape.length);
    const outer = axes.filter((axis) => !inner.includes(axis));
    const single = outer.every((axis) => shape[axis] === 1);
    if (single) return emit.op(operator, [x!, emit.ints(axes)], { keepdims: 1 });
    return [inner, outer]
      .filter((some) => some.length > 0)
      .reduce((name: TensorName, some) => emit.op(operator, [name, emit.ints(some)], { keepdims: 1 }), x!);
  };

/** The reduced axes after the last one that stays; where none stays, all but the first that has more than one element. */
function trailing(axes: readonly number[], rank: number): number[] {
  let start = rank;
  while (start > 0 && axes.includes(start - 1)) start--;
  return axes.filter((axis) => axis >= (start === 0 && rank > 1 ? 1 : start));
}

/** Values and positions are outputs of one node, which must have both. */
function topKNode({ emit, inputs, params: { k, axis } }: RuleContext<TopKParams>): EmittedNode {
  const node = emit.node("TopK", [inputs[0]!, emit.ints([k])], { attributes: { axis, largest: 1, sorted: 1 } });
  node.output(1);
  return node;
}

const topK: Rule<TopKParams> = (context) => topKNode(context).output(0);
const topKIndices: Rule<TopKParams> = (context) => topKNode(context).output(1);
const argMax: Rule<AxisParams> = ({ emit, inputs, params: { axis } }) =>
  emit.op("ArgMax", inputs, { axis, keepdims: 0, select_last_index: 0 });
const logSoftmax: Rule<AxisParams> = ({ emit, inputs, params: { axis } }) => emit.op("LogSoftmax", inputs, { axis });

export const reduction = {
  reduceSum: staged("ReduceSum"),
  reduceMax: staged("ReduceMax"),
  topK,
  topKIndices,
  argMax,
  logSoftmax,
};
