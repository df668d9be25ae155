import { numbersOf, type Shape, type Tensor } from "../../src/core/index.js";
import type { Value } from "../../src/graph/index.js";
import { evaluate } from "../../src/reference/index.js";
import { buildCase, type PrimitiveCase } from "../support/primitive-cases.js";

/** A result as plain numbers. */
export interface Result {
  readonly dtype: string;
  readonly shape: Shape;
  readonly numbers: readonly number[];
}

/** Builds and evaluates one operation. */
export function compute<K extends string>(
  inputs: Record<K, Tensor>,
  build: (inputs: Readonly<Record<K, Value>>) => Value,
): Result {
  const built = buildCase({ inputs, build: build as PrimitiveCase["build"] });
  const [tensor] = evaluate([built.output], inputs);
  return { dtype: tensor!.dtype, shape: tensor!.shape, numbers: numbersOf(tensor!) };
}

/** The elements of an operation's result. */
export const numbers = <K extends string>(
  inputs: Record<K, Tensor>,
  build: (inputs: Readonly<Record<K, Value>>) => Value,
): readonly number[] => compute(inputs, build).numbers;
