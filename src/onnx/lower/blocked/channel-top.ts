import { type Shape, sizeOf } from "../../../core/index.js";
import type { EmittedNode, TensorName } from "../emitter.js";
import { blockIn, emitOffsets, integers, type LaidOut, memoryOf, range } from "./channel-elements.js";
import { type BlockedContext, roundUp, view } from "./context.js";
import type { ChannelTopParams, Order } from "./fusion/channel-elements.js";
import { emitPerChannel } from "./reorder.js";

/** What positions are looked for in. */
export interface ChannelTopCall extends LaidOut {
  readonly params: ChannelTopParams;
  /** A constant per channel that is added first, and how many there are: C, or one for all. */
  readonly constant?: { readonly vector: TensorName; readonly size: number } | undefined;
}

/**
 * The positions [C, k] of the first k elements of each channel by an order, of equal ones the first.
 *
 * A channel is cut into pieces. The k first elements lie in the k pieces whose own first elements are the first: whatever
 * lies elsewhere comes after k others. So one pass over the image reduces the pieces, and then only k of them are searched,
 * a fiftieth of all in 8 MB. Among equals both searches prefer what comes earlier, and so does the result. Adding a constant
 * does not reorder anything, rounding included, so it is added to what is left.
 *
 * The 10 largest magnitudes of 64 channels, 16×16, batch 128, take 0.7 ms on one thread; brought to rows of channels and
 * searched there, 1.8.
 */
export function emitChannelTop(context: BlockedContext, call: ChannelTopCall): TensorName {
  const { emit } = context;
  const { shape, layout, params } = call;
  const [n, c, h, w] = shape as [number, number, number, number];
  const { k } = params;
  const piece = layout === "batchLast" ? h * w : pieceSize(n, h * w, k);
  const pieces = (n * h * w) / piece;
  const size = integers(context, [piece], []);
  if (pieces <= k) return largest(keysIn(integers(context, range(pieces), [1, pieces]), pieces));

  const chosen = inOrder(largest(keysOfPieces(context, call, piece)));
  const found = largest(keysIn(chosen, k));
  const within = emit.op("GatherElements", [chosen, emit.op("Div", [found, size])], { axis: 1 });
  return emit.op("Add", [emit.op("Mul", [within, size]), emit.op("Mod", [found, size])]);

  /** By which the elements in so many pieces of each channel are ordered, [C, count · piece]. */
  function keysIn(some: TensorName, count: number): TensorName {
    const { pixel } = memoryOf(context, call);
    const starts = view(context, emitOffsets(context, emit.op("Mul", [some, size]), call), [c, count, 1]);
    const steps = integers(
      context,
      range(piece).map((i) => i * pixel),
      [1, 1, piece],
    );
    const offsets = view(context, emit.op("Add", [starts, steps]), [c, count * piece]);
    const elements = emit.op("Gather", [view(context, call.x, [-1]), offsets], { axis: 0 });
    const constant = call.constant && view(context, call.constant.vector, [-1, 1]);
    return keyed(context, constant ? emit.op("Add", [elements, constant]) : elements, params.by);
  }

  function largest(keys: TensorName): TensorName {
    return topOf(keys, 1).output(1);
  }

  /** Positions in ascending order. */
  function inOrder(positions: TensorName): TensorName {
    return k === 1 ? positions : topOf(positions, 0).output(0);
  }

  function topOf(rows: TensorName, descending: 0 | 1): EmittedNode {
    const attributes = { axis: 1, largest: descending, sorted: 1 };
    const node = emit.node("TopK", [rows, emit.ints([k])], { attributes });
    node.output(1); // it must have both
    return node;
  }
}

/** What is to be largest. */
function keyed({ emit }: BlockedContext, x: TensorName, by: Order): TensorName {
  if (by === "largest") return x;
  return emit.op(by === "smallest" ? "Neg" : "Abs", [x]);
}

/** The largest key of each piece, [C, pieces]. */
function keysOfPieces(context: BlockedContext, call: ChannelTopCall, piece: number): TensorName {
  const { emit } = context;
  const { x, shape, layout, constant, params } = call;
  const [n, c, h, w] = shape as [number, number, number, number];
  const own = { emit, block: blockIn(layout, context) };
  if (layout === "batchLast") return keys([c, h * w, n], [c, n], () => [c, 1]);
  const channels = roundUp(own, c);
  const parts = [n, channels / own.block, (h * w) / piece, own.block];
  const perPiece = keys([sizeOf(parts) / own.block, piece, own.block], parts, () => [1, parts[1]!, 1, own.block]);
  const rows = view(context, emit.op("Transpose", [perPiece], { perm: [1, 3, 0, 2] }), [channels, -1]);
  return channels === c ? rows : emit.op("Slice", [rows, emit.ints([0]), emit.ints([c]), emit.ints([0])]);

  function spread(vector: TensorName, size: number, fitting: () => Shape): TensorName {
    if (size === 1) return view(context, vector, [1]);
    return view(context, emitPerChannel(own, view(context, vector, [c]), c), fitting());
  }

  /** Reduces the middle axis of the memory, seen as one shape, to another, to which the constant is made to fit. */
  function keys(from: Shape, to: Shape, fitting: () => Shape): TensorName {
    const shift = constant && spread(constant.vector, constant.size, fitting);
    const extremes = (operator: "ReduceMax" | "ReduceMin"): TensorName => {
      const reduced = emit.op(operator, [view(context, x, from), emit.ints([1])], { keepdims: 0 });
      const perPart = view(context, reduced, to);
      return keyed(context, shift ? emit.op("Add", [perPart, shift]) : perPart, params.by);
    };
    if (params.by === "magnitude") return emit.op("Max", [extremes("ReduceMax"), extremes("ReduceMin")]);
    return extremes(params.by === "largest" ? "ReduceMax" : "ReduceMin");
  }
}

/** Elements of a piece, which a map is cut into, so that there are few pieces and few elements in k of them. */
function pieceSize(images: number, map: number, k: number): number {
  const searched = (piece: number): number => (images * map) / piece + k * piece;
  const sizes = range(map + 1).filter((size) => size > 0 && map % size === 0);
  return sizes.reduce((best, size) => (searched(size) < searched(best) ? size : best));
}
