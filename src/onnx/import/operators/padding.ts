import { DataError, expectation, normalizeAxis } from "../../../core/index.js";
import * as g from "../../../graph/index.js";
import type { Call, Rule } from "../call.js";
import { follows } from "../not-followed.js";

/** Elements added at the ends of axes: of a constant value, or repeated from the inside. Negative widths cut off. */
export const padding: Rule = (call) => {
  const mode = call.at.text("mode", "constant");
  const { before, after } = widthsOf(call);
  let x = call.value(0);
  x = g.slice(
    x,
    before.map((width) => Math.max(-width, 0)),
    x.shape.map((size, axis) => size - Math.max(-after[axis]!, 0)),
  );
  const [front, back] = [before, after].map((widths) => widths.map((width) => Math.max(width, 0))) as [
    number[],
    number[],
  ];
  if (mode === "constant") return g.pad(x, front, back, call.has(2) ? call.number(2) : 0);
  const source = places[mode];
  follows(source !== undefined, `padding by ${mode} is not followed`);
  for (const [axis, size] of x.shape.entries()) {
    if (front[axis] === 0 && back[axis] === 0) continue;
    const data = call.allocate([front[axis]! + size + back[axis]!]).map((_, at) => source(at - front[axis]!, size));
    const bad = data.find((place) => place < 0 || place >= size);
    if (bad !== undefined)
      throw new DataError(
        expectation(call.where, `padding by ${mode} of less than the size ${size}`, `${front[axis]} and ${back[axis]}`),
      );
    x = g.gather(x, call.constant({ dtype: "int64", shape: [data.length], data }), axis);
  }
  return x;
};

/** The place inside an axis that an element outside, counted from the axis' start, repeats. */
const places: Readonly<Record<string, ((at: number, size: number) => number) | undefined>> = {
  reflect: (at, size) => (at < 0 ? -at : at >= size ? 2 * (size - 1) - at : at),
  edge: (at, size) => Math.min(Math.max(at, 0), size - 1),
  wrap: (at, size) => ((at % size) + size) % size,
};

function widthsOf(call: Call): { before: number[]; after: number[] } {
  const { length: rank } = call.shape(0);
  const pads = call.has(1) ? call.ints(1) : [...call.at.ints("pads")];
  const axes = call.has(3)
    ? call.ints(3).map((axis) => normalizeAxis(call.where, axis, rank))
    : call.shape(0).map((_, axis) => axis);
  if (pads.length !== 2 * axes.length)
    throw new DataError(expectation(call.where, `${2 * axes.length} widths`, `[${pads}]`));
  const before = new Array<number>(rank).fill(0);
  const after = [...before];
  for (const [place, axis] of axes.entries()) {
    before[axis] = pads[place]!;
    after[axis] = pads[place + axes.length]!;
  }
  return { before, after };
}
