import type { Tensor } from "../../core/index.js";
import { floatTensor } from "./float-tensor.js";
import { type NamedShape, type NameMatch, nameMap } from "./name-map.js";

/** Which tensors of a file belong to a model's. */
export interface MatchedTensors {
  /** By the model's names, in the model's shapes. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The model's names that the file has nothing for, and the file's that the model has no use for. */
  readonly missing: readonly string[];
  readonly unused: readonly string[];
}

/** Finds a model's tensors among those of another file, by {@link nameMap}; those that are stored transposed are turned. */
export function matchTensors(wanted: readonly NamedShape[], held: Readonly<Record<string, Tensor>>): MatchedTensors {
  const given = Object.entries(held).map(([name, { shape }]) => ({ name, shape }));
  const { matches } = nameMap(wanted, given);
  const used = new Set([...matches.values()].map(({ from }) => from));
  return {
    tensors: new Map([...matches].map(([name, match]) => [name, asWanted(held[match.from]!, match)])),
    missing: wanted.flatMap(({ name }) => (matches.has(name) ? [] : [name])),
    unused: Object.keys(held).filter((name) => !used.has(name)),
  };
}

/** A tensor as it is wanted: turned, as float32 or float64, where a match says that it is stored transposed. */
export function asWanted(tensor: Tensor, { transposed }: NameMatch): Tensor {
  if (!transposed) return tensor;
  const { dtype, shape, data } = floatTensor(tensor);
  const [rows, columns] = shape as readonly [number, number];
  const turned = data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!);
  return { dtype, shape: [columns, rows], data: turned } as Tensor;
}
