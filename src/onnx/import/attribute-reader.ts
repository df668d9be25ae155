import { DataError, expectation, type Tensor } from "../../core/index.js";
import type { OnnxAttribute, OnnxNode } from "./onnx-file.js";

/** What is checked of an attribute's value, by what it is called. */
const kinds = {
  "a number": (value: unknown): value is number => typeof value === "number",
  "an integer": (value: unknown): value is number => Number.isSafeInteger(value),
  integers: (value: unknown): value is readonly number[] => Array.isArray(value) && value.every(Number.isFinite),
  text: (value: unknown): value is string => typeof value === "string",
  "a tensor": (value: unknown): value is Tensor => typeof value === "object" && value !== null && "dtype" in value,
} as const;

/** A node's attributes, each of the type it should have. All throw a DataError that names node and attribute. */
export class AttributeReader {
  constructor(private readonly node: OnnxNode) {}

  has(name: string): boolean {
    return this.node.attributes.has(name);
  }

  number(name: string, otherwise?: number): number {
    return this.#read(name, "a number", kinds["a number"], otherwise);
  }

  int(name: string, otherwise?: number): number {
    return this.#read(name, "an integer", kinds["an integer"], otherwise);
  }

  /** Whether an integer that is a switch is not 0. */
  flag(name: string, otherwise: boolean): boolean {
    return this.int(name, Number(otherwise)) !== 0;
  }

  ints(name: string, otherwise?: readonly number[]): readonly number[] {
    return this.#read(name, "integers", kinds.integers, otherwise);
  }

  text(name: string, otherwise?: string): string {
    return this.#read(name, "text", kinds.text, otherwise);
  }

  tensor(name: string, otherwise?: Tensor): Tensor {
    return this.#read(name, "a tensor", kinds["a tensor"], otherwise);
  }

  #read<T>(name: string, kind: string, is: (value: unknown) => value is T, otherwise: T | undefined): T {
    const value: OnnxAttribute | T | undefined = this.node.attributes.get(name) ?? otherwise;
    if (is(value)) return value;
    const where = `node ${this.node.name} (${this.node.operator}), attribute ${name}`;
    throw new DataError(expectation(where, kind, value ?? "none", "the file is damaged"));
  }
}
