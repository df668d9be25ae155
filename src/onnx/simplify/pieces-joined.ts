import { type AxisParams, primitives, type SliceParams, type Value } from "../../graph/index.js";
import { inputsOf, paramsOf, type Simplification } from "./application.js";

/** concat(…, x[a:b], x[b:c], …) = concat(…, x[a:c], …), and x[0:n] of n is x. Concatenations within one are taken apart. */
export const piecesJoined: Simplification = ({ primitive, inputs, params, make }) => {
  if (primitive.name !== "concat") return undefined;
  const { axis } = params as AxisParams;
  const parts: Part[] = [];
  for (const part of inputs.flatMap((input) => partsOf(input, axis))) {
    const last = parts.at(-1);
    if (last?.of === part.of && last.end === part.start) parts[parts.length - 1] = { ...part, start: last.start };
    else parts.push(part);
  }
  if (parts.length === inputs.length) return undefined;
  const joined = parts.map(({ of, start, end }) => {
    if (start === 0 && end === of.shape[axis]) return of;
    const [starts, ends] = [of.shape.map((_, a) => (a === axis ? start : 0)), of.shape.with(axis, end)];
    return make(primitives.slice, [of], { starts, ends, strides: of.shape.map(() => 1) });
  });
  return joined.length === 1 ? joined[0] : make(primitives.concat, joined, { axis });
};

/** The elements from `start` up to `end` of a value along the axis. */
interface Part {
  readonly of: Value;
  readonly start: number;
  readonly end: number;
}

function partsOf(value: Value, axis: number): Part[] {
  const inner = inputsOf(value, "concat");
  if (inner && (paramsOf(value) as AxisParams).axis === axis) return inner.flatMap((part) => partsOf(part, axis));
  const of = inputsOf(value, "slice")?.[0];
  const { starts, ends, strides } = paramsOf(value) as SliceParams;
  const along = of?.shape.every((size, a) => strides[a] === 1 && (a === axis || (starts[a] === 0 && ends[a] === size)));
  return of && along
    ? [{ of, start: starts[axis]!, end: ends[axis]! }]
    : [{ of: value, start: 0, end: value.shape[axis]! }];
}
