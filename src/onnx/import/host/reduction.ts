import { normalizeAxes, normalizeAxis, stridesOf } from "../../../core/index.js";
import type { Rule } from "../call.js";
import { axesOf } from "../operators/sizes.js";
import { rounded } from "./host-tensor.js";

/** A reduction of known numbers: how two are joined, and what it starts from. */
const over =
  (
    start: number,
    join: (all: number, next: number) => number,
    finish = (all: number, _count: number): number => all,
  ): Rule =>
  (call) => {
    const x = call.host(0);
    const rank = x.shape.length;
    const given = axesOf(call, 1) ?? [];
    if (given.length === 0 && call.at.flag("noop_with_empty_axes", false)) return x;
    const axes = given.length === 0 ? x.shape.map((_, axis) => axis) : normalizeAxes(call.where, given, rank);
    const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const [from, to] = [stridesOf(x.shape), stridesOf(kept)];
    const data = call.allocate(kept).fill(start);
    for (const [at, value] of x.data.entries()) {
      let target = 0;
      for (let axis = 0; axis < rank; axis++)
        if (kept[axis] !== 1) target += (Math.floor(at / from[axis]!) % x.shape[axis]!) * to[axis]!;
      data[target] = join(data[target]!, value);
    }
    const count = x.data.length / Math.max(data.length, 1);
    const shape = call.at.flag("keepdims", true) ? kept : kept.filter((_, axis) => !axes.includes(axis));
    return rounded(
      x.dtype,
      shape,
      data.map((value) => finish(value, count)),
    );
  };

const runningSum: Rule = (call) => {
  const x = call.host(0);
  const axis = normalizeAxis(call.where, call.number(1), x.shape.length);
  const stride = stridesOf(x.shape)[axis]!;
  const size = x.shape[axis]!;
  const [exclusive, reverse] = [call.at.flag("exclusive", false), call.at.flag("reverse", false)];
  const data = call.allocate(x.shape);
  for (const at of data.keys()) {
    const index = Math.floor(at / stride) % size;
    if (index !== 0) continue;
    let sum = 0;
    for (let k = 0; k < size; k++) {
      const here = at + (reverse ? size - 1 - k : k) * stride;
      data[here] = exclusive ? sum : sum + x.data[here]!;
      sum += x.data[here]!;
    }
  }
  return rounded(x.dtype, x.shape, data);
};

/** Sums and extremes of known numbers. */
export const hostReduction: Readonly<Record<string, Rule>> = {
  ReduceSum: over(0, (all, next) => all + next),
  ReduceMean: over(
    0,
    (all, next) => all + next,
    (all, count) => all / count,
  ),
  ReduceProd: over(1, (all, next) => all * next),
  ReduceMax: over(Number.NEGATIVE_INFINITY, Math.max),
  ReduceMin: over(Number.POSITIVE_INFINITY, Math.min),
  CumSum: runningSum,
};
