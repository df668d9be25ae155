import {
  type DType,
  expectation,
  InvalidArgumentError,
  isFloating,
  type Shape,
  sameShape,
  type Tensor,
} from "../core/index.js";
import type { Tensors } from "../graph/index.js";
import { convertTensor } from "../onnx/index.js";

/** What is declared of an input. A size that is a text is free: any size fits. */
export interface InputType {
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

/**
 * Checks the tensors that a caller gives for a run, and brings floating-point data to the declared width.
 *
 * @param held Types of the tensors that stand in for inputs which `feeds` lacks, by name.
 * @throws InvalidArgumentError if an input is missing, unknown, or of another shape or dtype.
 */
export function checkFeeds(
  where: string,
  inputs: ReadonlyMap<string, InputType>,
  feeds: Tensors,
  held: ReadonlyMap<string, { readonly dtype: DType; readonly shape: Shape }> = new Map(),
): Map<string, Tensor> {
  const unknown = Object.keys(feeds).find((name) => !inputs.has(name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(expectation(where, `feeds among ${[...inputs.keys()].join(", ")}`, unknown));
  }
  const checked = new Map<string, Tensor>();
  for (const [name, type] of inputs) {
    const fed = feeds[name];
    const given = fed ?? held.get(name);
    if (given === undefined) {
      const expected = `a tensor [${type.shape}] for input ${name}`;
      throw new InvalidArgumentError(expectation(where, expected, "none", "feed it, or put it into the state"));
    }
    requireFit(where, name, type, given);
    if (fed) checked.set(name, convertTensor(fed, type.dtype));
  }
  return checked;
}

function requireFit(where: string, name: string, type: InputType, given: InputType & { readonly shape: Shape }): void {
  const { shape } = given;
  const wanted = type.shape.map((size, axis) => (typeof size === "string" ? (shape[axis] ?? -1) : size));
  if (!sameShape(wanted, shape)) {
    throw new InvalidArgumentError(expectation(where, `input ${name} of shape [${type.shape}]`, `[${shape}]`));
  }
  if (given.dtype !== type.dtype && !(isFloating(given.dtype) && isFloating(type.dtype))) {
    throw new InvalidArgumentError(expectation(where, `input ${name} of dtype ${type.dtype}`, given.dtype));
  }
}
