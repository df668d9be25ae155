import type { Shape } from "../../core/index.js";
import { compressed, type Labels, stretched } from "./labels.js";

/** Neighbouring axes of one shape that hold the same elements as neighbouring axes of another. */
interface Block {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** The finest blocks in which two shapes of equally many elements correspond. */
function blocksOf(from: Shape, to: Shape): Block[] {
  const blocks: Block[] = [];
  let [i, j] = [0, 0];
  while (i < from.length || j < to.length) {
    const block = { from: [] as number[], to: [] as number[] };
    let [left, right] = [1, 1];
    do {
      if (j >= to.length || (i < from.length && left <= right)) {
        left *= from[i]!;
        block.from.push(i++);
      } else {
        right *= to[j]!;
        block.to.push(j++);
      }
    } while (
      left !== right ||
      (block.from.length === 0 && i < from.length) ||
      (block.to.length === 0 && j < to.length)
    );
    blocks.push(block);
  }
  return blocks;
}

/** Labels of a value whose elements are put in another shape. */
export function reshapedLabels(labels: Labels, from: Shape, to: Shape): Labels {
  const blocks = blocksOf(from, to);
  const shape = new Array<number>(to.length).fill(1);
  const varying = new Set<number>();
  for (const block of blocks) {
    if (block.from.every((axis) => labels.shape[axis] === 1)) continue;
    for (const axis of block.from) varying.add(axis);
    for (const axis of block.to) shape[axis] = to[axis]!;
  }
  return compressed({ shape, products: stretched(labels, from, (axis) => varying.has(axis)).products });
}

/** Along which axes a value that was constant along some is constant in another shape. */
export function reshapedConstancy(constant: readonly boolean[], from: Shape, to: Shape): boolean[] {
  const result = to.map((size) => size === 1);
  for (const block of blocksOf(from, to)) {
    if (block.from.every((axis) => constant[axis])) for (const axis of block.to) result[axis] = true;
  }
  return result;
}
