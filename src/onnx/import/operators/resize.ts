import { DataError, expectation, normalizeAxis } from "../../../core/index.js";
import type { Value } from "../../../graph/index.js";
import * as g from "../../../graph/index.js";
import type { Call, Rule } from "../call.js";
import { follows } from "../not-followed.js";

/** One axis that gets another size. */
interface Resized {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

/** The place in the input, in elements from its first, that an element of the output shows. */
const coordinates: Readonly<Record<string, ((at: number, axis: Resized) => number) | undefined>> = {
  half_pixel: (at, { scale }) => (at + 0.5) / scale - 0.5,
  pytorch_half_pixel: (at, { scale, to }) => (to > 1 ? (at + 0.5) / scale - 0.5 : 0),
  align_corners: (at, { from, to }) => (to > 1 ? (at * (from - 1)) / (to - 1) : 0),
  asymmetric: (at, { scale }) => at / scale,
};

/** Which element is nearest to a place between two. */
const nearest: Readonly<Record<string, ((place: number) => number) | undefined>> = {
  round_prefer_floor: (place) => Math.ceil(place - 0.5),
  round_prefer_ceil: (place) => Math.floor(place + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Axis by axis: the nearest elements are gathered, and linear interpolation is a product with a matrix of weights. */
export const resize: Rule = (call) => {
  const mode = call.at.text("mode", "nearest");
  const old = call.node.operator === "Upsample";
  const coordinate = coordinates[call.at.text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel")];
  const closest = nearest[call.at.text("nearest_mode", old ? "floor" : "round_prefer_floor")];
  follows(mode === "nearest" || mode === "linear", `resizing by ${mode} is not followed`);
  follows(coordinate !== undefined && closest !== undefined, "resizing with these coordinates is not followed");
  follows(!call.at.flag("antialias", false), "antialias is not followed");
  let x = call.value(0);
  for (const axis of resizedAxes(call, x, old)) {
    const places = call.allocate([axis.to]).map((_, at) => coordinate(at, axis));
    x = mode === "nearest" ? gathered(call, x, axis, places.map(closest)) : interpolated(call, x, axis, places);
  }
  return x;
};

const inside = (place: number, size: number): number => Math.min(Math.max(place, 0), size - 1);

function gathered(call: Call, x: Value, { axis, from, to }: Resized, places: Float64Array): Value {
  const data = places.map((place) => inside(place, from));
  return g.gather(x, call.constant({ dtype: "int64", shape: [to], data }), axis);
}

function interpolated(call: Call, x: Value, { axis, from, to }: Resized, places: Float64Array): Value {
  const weights = call.allocate([from, to]);
  for (const [at, place] of places.entries()) {
    const held = inside(place, from);
    const below = Math.floor(held);
    weights[below * to + at]! += 1 - (held - below);
    if (held > below) weights[(below + 1) * to + at]! += held - below;
  }
  const order = [...x.shape.keys()].filter((each) => each !== axis);
  const matrix = call.constant({ dtype: "float32", shape: [from, to], data: weights });
  const y = g.matmul(g.transpose(x, [...order, axis]), matrix);
  return g.transpose(
    y,
    x.shape.map((_, each) => (each === axis ? order.length : order.indexOf(each))),
  );
}

/** The axes that change, by the sizes or the scales that the node gives; those of opset 18 may be of some axes only. */
function resizedAxes(call: Call, x: Value, old: boolean): Resized[] {
  const [scalesAt, sizesAt] = old ? [1, 3] : [2, 3];
  const axes = call.at.has("axes")
    ? call.at.ints("axes").map((axis) => normalizeAxis(call.where, axis, x.rank))
    : [...x.shape.keys()];
  const scales = call.has(scalesAt) ? [...call.host(scalesAt).data] : [];
  const sizes = !old && call.has(sizesAt) ? call.ints(sizesAt) : [];
  const given = sizes.length > 0 ? sizes : scales;
  if (given.length !== axes.length)
    throw new DataError(expectation(call.where, `${axes.length} sizes or scales`, `[${given}]`));
  follows(call.at.text("keep_aspect_ratio_policy", "stretch") === "stretch", "a kept aspect ratio is not followed");
  const all = axes.map((axis, place): Resized => {
    const from = x.shape[axis]!;
    const to = sizes.length > 0 ? sizes[place]! : Math.floor(from * scales[place]!);
    if (!(Number.isSafeInteger(to) && to >= 1)) throw new DataError(expectation(call.where, "sizes from 1", to));
    return { axis, from, to, scale: sizes.length > 0 ? to / from : scales[place]! };
  });
  return all.filter(({ from, to }) => from !== to);
}
