import { DataError, type DType, expectation, isFloating, type Shape, sizeOf } from "../../core/index.js";
import type { Buffer, Graph, Role, Scope, Value } from "../../graph/index.js";
import { AttributeReader } from "./attribute-reader.js";
import type { Declarations } from "./declarations.js";
import type { HostBudget } from "./host/host-budget.js";
import { type HostTensor, toTensor } from "./host/host-tensor.js";
import type { ImportedBatchNorm, ImportOptions } from "./imported-graph.js";
import { NotFollowed } from "./not-followed.js";
import type { OnnxNode } from "./onnx-file.js";
import {
  countOf,
  dtypeOf,
  isHost,
  isStored,
  isValue,
  type Operand,
  readStored,
  type StoredTensor,
  shapeOf,
} from "./operand.js";

/** What one import shares among its nodes. */
export interface ImportContext {
  readonly scope: Scope;
  readonly opset: number;
  readonly declarations: Declarations;
  readonly budget: HostBudget;
  /** Names of tensors that outputs depend on smoothly. */
  readonly trainable: ReadonlySet<string>;
  readonly batchNorms: ImportedBatchNorm[];
  /** Makes what a batch-norm gives in place of its rule. */
  readonly batchNorm?: ImportOptions["batchNorm"];
}

/** What a rule gives: for each output of the node something that may stand for it. */
export type Result = Operand | readonly (Operand | undefined)[];

/** How the nodes of one operator become values. */
export type Rule = (call: Call) => Result;

/** One node to be imported: its inputs, in the form that a rule asks for, and its attributes. */
export class Call {
  readonly at: AttributeReader;

  constructor(
    readonly context: ImportContext,
    readonly node: OnnxNode,
    /** One for each input; undefined where an optional one is left out. */
    readonly operands: readonly (Operand | undefined)[],
  ) {
    this.at = new AttributeReader(node);
  }

  get opset(): number {
    return this.context.opset;
  }

  get graph(): Graph {
    return this.context.scope.graph;
  }

  has(place: number): boolean {
    return this.operands[place] !== undefined;
  }

  operand(place: number): Operand {
    const operand = this.operands[place];
    if (operand) return operand;
    throw new DataError(expectation(this.where, `an input ${place}`, `${this.operands.length} inputs`));
  }

  shape(place: number): Shape {
    return shapeOf(this.operand(place));
  }

  dtype(place: number): DType {
    return dtypeOf(this.operand(place));
  }

  /** An input as a value: a parameter if it is a tensor of numbers that can be trained, else a constant. */
  value(place: number, role: Role = "weight"): Value {
    const operand = this.operand(place);
    if (isValue(operand)) return operand;
    if (isHost(operand)) return this.constant(operand);
    return this.#isParameter(operand)
      ? this.context.declarations.parameter(operand, role)
      : this.constant(readStored(operand));
  }

  /** An input in the place of a weight: a parameter wherever the file holds its numbers. */
  weight(place: number, role: Role = "weight"): Value {
    const operand = this.operand(place);
    const trainable = isStored(operand) && isFloating(operand.initializer.dtype);
    return trainable ? this.context.declarations.parameter(operand, role) : this.value(place, role);
  }

  /** All inputs, of which there must be one, as values. */
  values(): [Value, ...Value[]] {
    return [this.value(0), ...this.operands.slice(1).map((_, place) => this.value(place + 1))];
  }

  /** A tensor of the file in the place of a running statistic. Undefined if it is computed. */
  buffer(place: number): Buffer | undefined {
    const operand = this.operand(place);
    return isStored(operand) ? this.context.declarations.buffer(operand) : undefined;
  }

  /** The elements of an input. Throws {@link NotFollowed} if they depend on what the model is fed. */
  host(place: number): HostTensor {
    const operand = this.operand(place);
    if (isHost(operand)) return operand;
    if (isStored(operand)) return readStored(operand);
    throw new NotFollowed(`input ${place} is computed from the model's inputs; only a known one can be followed`);
  }

  /** All inputs, of which there must be one, where they are known. */
  hosts(): [HostTensor, ...HostTensor[]] {
    return [this.host(0), ...this.operands.slice(1).map((_, place) => this.host(place + 1))];
  }

  /** An input of whole numbers, such as axes. */
  ints(place: number): number[] {
    const values = [...this.host(place).data];
    if (values.every(Number.isInteger)) return values;
    throw new DataError(expectation(this.where, `whole numbers as input ${place}`, `[${values.slice(0, 8)}]`));
  }

  /** An input of one number. */
  number(place: number): number {
    const { data } = this.host(place);
    if (data.length === 1) return data[0]!;
    throw new DataError(expectation(this.where, `one number as input ${place}`, `${data.length}`));
  }

  /** Whether all inputs are known, and none is to be trained. */
  get isKnown(): boolean {
    return this.operands.every(
      (operand) => operand === undefined || isHost(operand) || (isStored(operand) && !this.#isParameter(operand)),
    );
  }

  /** A known tensor as a value. */
  constant(tensor: HostTensor): Value {
    const { graph } = this;
    return tensor.shape.length === 0 ? graph.constant(tensor.data[0]!, tensor.dtype) : graph.constant(toTensor(tensor));
  }

  /** Takes memory for a known tensor that is to be made. Throws a DataError beyond what an import may take. */
  allocate(shape: Shape): Float64Array {
    return this.context.budget.allocate(this.where, sizeOf(shape));
  }

  get where(): string {
    return `node ${this.node.name} (${this.node.operator})`;
  }

  /** A number of the file with a module's name, such as a temperature, is a parameter too. */
  #isParameter(tensor: StoredTensor): boolean {
    const { dtype, isConstant } = tensor.initializer;
    if (isConstant || !isFloating(dtype) || !this.context.trainable.has(tensor.initializer.name)) return false;
    return countOf(tensor) > 1 || /^[A-Za-z_][\w]*(\.\w+)+$/.test(tensor.name);
  }
}
