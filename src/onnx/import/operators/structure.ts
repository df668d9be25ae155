import { broadcastShapes, DataError, expectation, normalizeAxis, sizeOf } from "../../../core/index.js";
import type { Value } from "../../../graph/index.js";
import * as g from "../../../graph/index.js";
import type { Call, Rule } from "../call.js";
import { hostInts } from "../host/host-tensor.js";
import { follows } from "../not-followed.js";
import { countOf, isStored } from "../operand.js";
import { padding } from "./padding.js";
import { resize } from "./resize.js";
import { cutsOf, partsOf, permutationOf, reshapedTo, squeezedTo, statedShape, unsqueezedTo } from "./sizes.js";

/**
 * The operand itself. A vector with an output name of its own becomes a tensor of that name: PyTorch writes vectors that
 * are equal by chance, as those of untrained normalizations are, only once.
 */
const identity: Rule = (call) => {
  const operand = call.operand(0);
  const name = call.node.outputs[0] ?? "";
  const chance = isStored(operand) && operand.initializer.shape.length === 1 && /^[A-Za-z_]\w*(\.\w+)+$/.test(name);
  return chance ? { name, initializer: operand.initializer } : operand;
};

const flatten: Rule = (call) => {
  const x = call.value(0);
  const given = call.at.int("axis", 1);
  const axis = given === x.rank ? given : normalizeAxis(call.where, given, x.rank);
  return g.reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
};

/** What has no elements adds none, and is no value of a graph. */
const concatenation: Rule = (call) => {
  const places = call.operands.flatMap((operand, place) => (operand && countOf(operand) > 0 ? [place] : []));
  return g.concat(
    places.map((place) => call.value(place)),
    call.at.int("axis"),
  );
};

/** A step backwards is a gather: slices of a graph go forwards. */
const slice: Rule = (call) => {
  const cuts = cutsOf(call);
  let x = call.value(0);
  for (const [axis, { start, step, count }] of cuts.entries()) {
    if (step > 0) continue;
    const places = call.allocate([count]).map((_, at) => start + at * step);
    x = g.gather(x, call.constant({ dtype: "int64", shape: [count], data: places }), axis);
  }
  const forward = cuts.map(({ start, step, count }) =>
    step > 0 ? { start, step, count } : { start: 0, step: 1, count },
  );
  const ends = forward.map(({ start, step, count }) => start + (count - 1) * step + 1);
  return g.slice(
    x,
    forward.map(({ start }) => start),
    ends,
    forward.map(({ step }) => step),
  );
};

const split: Rule = (call) => {
  const x = call.value(0);
  const axis = normalizeAxis(call.where, call.at.int("axis", 0), x.rank);
  let start = 0;
  return partsOf(call, x.shape[axis]!).map((size) => {
    start += size;
    return size === 0 ? undefined : g.sliceAxis(x, axis, start - size, start);
  });
};

/** Both the input and the shape may stretch. */
const expand: Rule = (call) => {
  const x = call.value(0);
  return g.broadcastTo(x, broadcastShapes(call.where, x.shape, call.ints(1)));
};

/** Each axis is stretched along a new one before it. */
const tile: Rule = (call) => {
  const x = call.value(0);
  const repeats = call.ints(1);
  if (repeats.length !== x.rank) throw new DataError(expectation(call.where, `${x.rank} repeats`, `[${repeats}]`));
  const apart = x.shape.flatMap((size) => [1, size]);
  const stretched = x.shape.flatMap((size, axis) => [repeats[axis]!, size]);
  return g.reshape(
    g.broadcastTo(g.reshape(x, apart), stretched),
    x.shape.map((size, axis) => size * repeats[axis]!),
  );
};

/** Blocks of channels to squares of pixels; DCR has the channel last among what a channel is split into, CRD first. */
const depthToSpace: Rule = (call) => {
  const { n, c, h, w, block } = blocksOf(call);
  const last = call.at.text("mode", "DCR") === "DCR";
  const depth = c / block ** 2;
  const split = g.reshape(call.value(0), last ? [n, block, block, depth, h, w] : [n, depth, block, block, h, w]);
  return g.reshape(g.transpose(split, last ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]), [
    n,
    depth,
    h * block,
    w * block,
  ]);
};

const spaceToDepth: Rule = (call) => {
  const { n, c, h, w, block } = blocksOf(call);
  const split = g.reshape(call.value(0), [n, c, h / block, block, w / block, block]);
  return g.reshape(g.transpose(split, [0, 3, 5, 1, 2, 4]), [n, c * block ** 2, h / block, w / block]);
};

function blocksOf(call: Call) {
  const { shape, rank } = call.value(0);
  if (rank !== 4) throw new DataError(expectation(call.where, "x [N, C, H, W]", `[${shape}]`));
  const [n, c, h, w] = shape as [number, number, number, number];
  return { n, c, h, w, block: call.at.int("blocksize") };
}

/** The lower or upper triangle of the last two axes; zeros elsewhere. */
const triangle: Rule = (call) => {
  const x = call.value(0);
  follows(x.rank >= 2, "a triangle of less than two axes");
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const diagonal = call.has(1) ? call.number(1) : 0;
  const upper = call.at.flag("upper", true);
  const data = call.allocate([rows, columns]).map((_, at) => {
    const beyond = (at % columns) - Math.floor(at / columns) - diagonal;
    return Number(upper ? beyond >= 0 : beyond <= 0);
  });
  return g.where(call.constant({ dtype: "bool", shape: [rows, columns], data }), x, call.graph.constant(0, x.dtype));
};

/** What moves elements, or says how many there are. */
export const structure: Readonly<Record<string, Rule>> = {
  Identity: identity,
  Dropout: (call) => [call.operand(0)],
  Shape: (call) => hostInts(statedShape(call)),
  Size: (call) => ({ ...hostInts([countOf(call.operand(0))]), shape: [] }),
  Reshape: (call) => g.reshape(call.value(0), reshapedTo(call)),
  Flatten: flatten,
  Squeeze: (call) => g.reshape(call.value(0), squeezedTo(call)),
  Unsqueeze: (call) => g.reshape(call.value(0), unsqueezedTo(call)),
  Transpose: (call): Value => g.transpose(call.value(0), permutationOf(call)),
  Concat: concatenation,
  Slice: slice,
  Split: split,
  Expand: expand,
  Tile: tile,
  Pad: padding,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Trilu: triangle,
  Resize: resize,
  Upsample: resize,
};
