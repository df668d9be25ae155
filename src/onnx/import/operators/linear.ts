import { DataError, expectation, type Shape } from "../../../core/index.js";
import type { Value } from "../../../graph/index.js";
import * as g from "../../../graph/index.js";
import type { Call, Rule } from "../call.js";
import { follows } from "../not-followed.js";
import { einsum } from "./einsum.js";
import { asBefore, planar, sweepOf } from "./window.js";

/** A vector of channels, to be added to [N, C, …]. */
const perChannel = (vector: Value, rank: number): Value =>
  g.reshape(vector, [1, -1, ...new Array<number>(rank - 2).fill(1)]);

function plusBias(call: Call, y: Value): Value {
  return call.has(2) ? g.add(y, perChannel(call.weight(2, "bias"), y.rank)) : y;
}

const convolution: Rule = (call) => {
  const x = call.value(0);
  const w = call.weight(1);
  follows(w.rank === x.rank, "the kernel has another number of axes than the input");
  const { stride, padding, dilation } = sweepOf(call, x.shape, w.shape.slice(2));
  const options = { stride, padding, dilation, groups: call.at.int("group", 1) };
  return plusBias(
    call,
    x.rank === 5 ? planeByPlane(x, w, options) : asBefore(g.conv2d(planar(x), planar(w), options), x.rank),
  );
};

/** x [N, C, H, W, D] and w [K, C / groups, h, w, 1]: D convolutions of planes, as of N · D images. */
function planeByPlane(x: Value, w: Value, options: g.Conv2dOptions): Value {
  const depth = x.shape[4]!;
  const planes = g.transpose(x, [0, 4, 1, 2, 3]);
  const images = g.reshape(planes, [-1, ...planes.shape.slice(2)]);
  const y = g.conv2d(images, g.reshape(w, w.shape.slice(0, 4)), options);
  return g.transpose(g.reshape(y, [-1, depth, ...y.shape.slice(1)]), [0, 2, 3, 4, 1]);
}

/** The adjoint of a convolution whose kernel is w [C, K / groups, h, w]. */
const transposedConvolution: Rule = (call) => {
  const [x, w] = [call.value(0), call.weight(1)];
  const groups = call.at.int("group", 1);
  const window = sweepOf(call, x.shape, w.shape.slice(2));
  const automatic = call.at.text("auto_pad", "NOTSET");
  follows(automatic === "NOTSET" || automatic === "VALID", `auto_pad ${automatic} is not followed`);
  follows(!call.at.has("output_shape"), "output_shape is not followed, only pads");
  const { stride, dilation, padding } = window;
  const added = call.at.ints("output_padding", new Array(x.rank - 2).fill(0));
  const [from, kernel] = [planar(x), planar(w)];
  const extra = x.rank === 3 ? [0, added[0]!] : added;
  const sizes = [0, 1].map(
    (axis) =>
      stride[axis]! * (from.shape[axis + 2]! - 1) +
      (extra[axis] ?? 0) +
      (kernel.shape[axis + 2]! - 1) * dilation[axis]! +
      1 -
      padding[axis]! -
      padding[axis + 2]!,
  );
  const shape = [x.shape[0]!, w.shape[1]! * groups, ...sizes];
  const y = g.conv2dInputGradient(from, kernel, shape, { stride, padding, dilation, groups });
  return plusBias(call, asBefore(y, x.rank));
};

/** A vector counts as a row on the left and as a column on the right, and that axis goes. */
const product: Rule = (call) => {
  const [a, b] = [call.weight(0), call.weight(1)];
  const rows = a.rank === 1 ? g.reshape(a, [1, -1]) : a;
  const columns = b.rank === 1 ? g.reshape(b, [-1, 1]) : b;
  const y = g.matmul(rows, columns);
  const shape: Shape = y.shape.filter(
    (_, axis) => !(a.rank === 1 && axis === y.rank - 2) && !(b.rank === 1 && axis === y.rank - 1),
  );
  return g.reshape(y, shape);
};

/** αAB + βC, A and B perhaps the other way round. */
const gemm: Rule = (call) => {
  const [a, b] = [call.weight(0), call.weight(1)];
  if (a.rank !== 2 || b.rank !== 2) {
    throw new DataError(expectation(call.where, "two matrices", `[${a.shape}] and [${b.shape}]`));
  }
  const factor = (x: Value, attribute: string): Value => (call.at.flag(attribute, false) ? g.transposeLast(x) : x);
  const scaled = (x: Value, by: number): Value => (by === 1 ? x : g.mul(x, by));
  const y = scaled(g.matmul(factor(a, "transA"), factor(b, "transB")), call.at.number("alpha", 1));
  return call.has(2) ? g.add(y, scaled(call.weight(2, "bias"), call.at.number("beta", 1))) : y;
};

/** Products of matrices, and convolutions. */
export const linear: Readonly<Record<string, Rule>> = {
  Conv: convolution,
  ConvTranspose: transposedConvolution,
  MatMul: product,
  Gemm: gemm,
  Einsum: einsum,
};
