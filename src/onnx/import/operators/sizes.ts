import { DataError, expectation, normalizeAxes, type Shape, sizeOf } from "../../../core/index.js";
import type { Call } from "../call.js";
import { shapeOf } from "../operand.js";

/** Axes that are an attribute up to some opset and an optional input after it. Undefined where there are none. */
export function axesOf(call: Call, place: number): readonly number[] | undefined {
  if (call.has(place)) return call.ints(place);
  return call.at.has("axes") ? call.at.ints("axes") : undefined;
}

/** The shape that `Reshape` asks for: 0 takes a size over from the input, −1 is what is left. */
export function reshapedTo(call: Call): Shape {
  const from = call.shape(0);
  const zeroIsSize = call.at.flag("allowzero", false);
  const wanted = call.ints(1).map((size, axis) => (size === 0 && !zeroIsSize ? (from[axis] ?? 0) : size));
  const known = sizeOf(wanted.filter((size) => size !== -1));
  const shape = wanted.map((size) => (size === -1 ? sizeOf(from) / known : size));
  if (sizeOf(shape) === sizeOf(from) && shape.every((size) => Number.isSafeInteger(size) && size >= 0)) return shape;
  throw new DataError(
    expectation(
      call.where,
      `a shape of the ${sizeOf(from)} elements of [${from}]`,
      `[${call.ints(1)}]`,
      "its sizes may be those of another input",
    ),
  );
}

export function squeezedTo(call: Call): Shape {
  const from = call.shape(0);
  const axes = axesOf(call, 1);
  if (!axes) return from.filter((size) => size !== 1);
  const gone = normalizeAxes(call.where, axes, from.length);
  const wide = gone.find((axis) => from[axis] !== 1);
  if (wide !== undefined) throw new DataError(expectation(call.where, `size 1 at axis ${wide}`, from[wide]));
  return from.filter((_, axis) => !gone.includes(axis));
}

export function unsqueezedTo(call: Call): Shape {
  const from = [...call.shape(0)];
  const axes = axesOf(call, 1) ?? [];
  for (const axis of normalizeAxes(call.where, axes, from.length + axes.length)) from.splice(axis, 0, 1);
  return from;
}

/** The permutation of `Transpose`: the axes reversed by default. */
export function permutationOf(call: Call): readonly number[] {
  const from = call.shape(0);
  const permutation = call.at.ints(
    "perm",
    from.map((_, axis) => from.length - 1 - axis),
  );
  if ([...permutation].sort((a, b) => a - b).join() === from.map((_, axis) => axis).join()) return permutation;
  throw new DataError(expectation(call.where, `each axis of [${from}] once`, `[${permutation}]`));
}

/** What `Slice` takes of one axis: `count` elements from `start` on, `step` apart. */
export interface Cut {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** What `Slice` takes of each axis of its input. */
export function cutsOf(call: Call): Cut[] {
  const shape = call.shape(0);
  const [starts, ends] = [call.ints(1), call.ints(2)];
  const axes = call.has(3) ? call.ints(3) : starts.map((_, axis) => axis);
  const steps = call.has(4) ? call.ints(4) : starts.map(() => 1);
  if (
    ends.length !== starts.length ||
    axes.length !== starts.length ||
    steps.length !== starts.length ||
    steps.includes(0)
  ) {
    throw new DataError(
      expectation(
        call.where,
        "a start, end, axis and step other than 0 for each cut",
        `[${starts}], [${ends}], [${axes}], [${steps}]`,
      ),
    );
  }
  const cuts: Cut[] = shape.map((size) => ({ start: 0, step: 1, count: size }));
  const places = axes.map((axis) => normalizeAxes(call.where, [axis], shape.length)[0]!);
  for (const [place, axis] of places.entries())
    cuts[axis] = cut(shape[axis]!, starts[place]!, ends[place]!, steps[place]!);
  return cuts;
}

/** NumPy's rule: negative places count from the end, and what lies outside is cut off. */
function cut(size: number, start: number, end: number, step: number): Cut {
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const inside = (place: number): number => Math.min(Math.max(place < 0 ? place + size : place, low), high);
  const from = inside(start);
  return { start: from, step, count: Math.max(Math.ceil((inside(end) - from) / step), 0) };
}

/** Sizes of the parts of `Split` along an axis, as given or as equal as can be. */
export function partsOf(call: Call, size: number): readonly number[] {
  const given = call.has(1) ? call.ints(1) : call.at.has("split") ? call.at.ints("split") : undefined;
  const count = call.node.outputs.length;
  const each = Math.ceil(size / count);
  const parts = given ?? call.node.outputs.map((_, part) => Math.min(each, size - part * each));
  if (
    parts.length === count &&
    sizeOf([count]) > 0 &&
    parts.every((part) => part >= 0) &&
    parts.reduce((sum, part) => sum + part, 0) === size
  )
    return parts;
  throw new DataError(expectation(call.where, `${count} parts that add up to ${size}`, `[${parts}]`));
}

/** The sizes that inputs have, for `Shape`. */
export function statedShape(call: Call): readonly number[] {
  const shape = shapeOf(call.operand(0));
  const [start, end] = [call.at.int("start", 0), call.at.int("end", shape.length)];
  return shape.slice(start, end);
}
