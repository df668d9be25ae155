import { type DType, type Shape, sizeOf } from "../../core/index.js";
import { Value } from "../../graph/index.js";
import { type HostTensor, hostTensor } from "./host/host-tensor.js";
import type { OnnxInitializer } from "./onnx-file.js";

/** A tensor of the file that a parameter or buffer may be made of. Each has a name of its own; several may share data. */
export interface StoredTensor {
  readonly name: string;
  readonly initializer: OnnxInitializer;
}

/**
 * What stands behind a tensor's name in the file: a value of the graph, elements that are known already, or a tensor of
 * the file whose use will tell what it is.
 */
export type Operand = Value | HostTensor | StoredTensor;

export const isValue = (operand: Operand): operand is Value => operand instanceof Value;
export const isStored = (operand: Operand): operand is StoredTensor => "initializer" in operand;
export const isHost = (operand: Operand): operand is HostTensor => !isValue(operand) && !isStored(operand);

export const shapeOf = (operand: Operand): Shape => (isStored(operand) ? operand.initializer.shape : operand.shape);
export const dtypeOf = (operand: Operand): DType => (isStored(operand) ? operand.initializer.dtype : operand.dtype);

/** The number of elements. */
export const countOf = (operand: Operand): number => sizeOf(shapeOf(operand));

/** The elements of a stored tensor. */
export const readStored = ({ initializer }: StoredTensor): HostTensor => hostTensor(initializer.read());
