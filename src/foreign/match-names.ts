import { sameShape, type Tensor } from "../core/index.js";
import { floatsOf } from "./group-norms.js";

/** What wrappers of PyTorch put before the names of a model's tensors. */
const wrappers = /^(module\.|model\.|_orig_mod\.|state_dict\.)+/;

/** Which tensors of a file belong to a model's. */
export interface MatchedTensors {
  /** By the model's names, in the model's shapes. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The model's names that the file has nothing for, and the file's that the model has no use for. */
  readonly missing: readonly string[];
  readonly unused: readonly string[];
}

/**
 * Finds a model's tensors in another file: by name, then without what wrappers put before names (`module.`, `model.`,
 * `_orig_mod.`). A matrix that is transposed there, as exporters write linear layers, is turned.
 *
 * @param wanted Shapes by name.
 */
export function matchTensors(
  wanted: ReadonlyMap<string, readonly number[]>,
  held: Readonly<Record<string, Tensor>>,
): MatchedTensors {
  const bare = new Map(Object.keys(held).map((name) => [name.replace(wrappers, ""), name]));
  const tensors = new Map<string, Tensor>();
  const used = new Set<string>();
  for (const [name, shape] of wanted) {
    const key = Object.hasOwn(held, name) ? name : bare.get(name.replace(wrappers, ""));
    const found = key === undefined ? undefined : inShape(held[key]!, shape);
    if (key === undefined || found === undefined) continue;
    tensors.set(name, found);
    used.add(key);
  }
  return {
    tensors,
    missing: [...wanted.keys()].filter((name) => !tensors.has(name)),
    unused: Object.keys(held).filter((name) => !used.has(name)),
  };
}

function inShape(tensor: Tensor, shape: readonly number[]): Tensor | undefined {
  if (sameShape(tensor.shape, shape)) return tensor;
  const [rows, columns] = tensor.shape as [number, number];
  if (tensor.shape.length !== 2 || !sameShape([columns, rows], shape)) return undefined;
  const source = floatsOf(tensor);
  const data = new Float32Array(source.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) data[column * rows + row] = source[row * columns + column]!;
  }
  return { dtype: "float32", shape: [columns, rows], data };
}
