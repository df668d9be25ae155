import type { Shape } from "../../../../core/index.js";
import type { Conv2dWeightGradientParams } from "../../../../graph/index.js";
import type { TensorName } from "../../emitter.js";
import type { BlockedContext } from "../context.js";
import { convolutionOperations } from "../layout/costs.js";

/** A weight gradient to be computed, by its shapes. */
export interface WeightGradientProblem {
  /** [N, C, H, W]. */
  readonly xShape: Shape;
  /** [N, K, H′, W′]. */
  readonly dyShape: Shape;
  readonly params: Conv2dWeightGradientParams;
}

/** How an operand lies in memory: row-major, or in blocks of channels. */
export type OperandLayout = "plain" | "blocked";

/** One way to compute a weight gradient. */
export interface WeightGradientFormulation {
  readonly name: string;
  /** The layouts of x and dy that it asks for. */
  readonly operands: readonly [x: OperandLayout, dy: OperandLayout];
  /** Expected milliseconds on one thread, all transformations included. */
  readonly cost: number;
  /** Emits the nodes; the result is plain, [K, C/groups, h, w]. */
  emit(context: BlockedContext, x: TensorName, dy: TensorName): TensorName;
}

/** The sizes of a problem by the letters of the derivations. */
export interface Sizes {
  readonly n: number;
  readonly groups: number;
  /** Input and output channels of a group. */
  readonly c: number;
  readonly k: number;
  /** Of the input. */
  readonly height: number;
  readonly width: number;
  /** Of the output: how many windows there are. */
  readonly rows: number;
  readonly columns: number;
  /** Height and width of the kernel. */
  readonly kernel: readonly [number, number];
}

export function sizesOf({ xShape, dyShape, params }: WeightGradientProblem): Sizes {
  const [n, channels, height, width] = xShape as [number, number, number, number];
  const [, filters, rows, columns] = dyShape as [number, number, number, number];
  const { groups, weightShape } = params;
  const kernel = weightShape.slice(2) as [number, number];
  return { n, groups, c: channels / groups, k: filters / groups, height, width, rows, columns, kernel };
}

/** Multiplications and additions, padding included. */
export const operationsOf = ({ dyShape, params }: WeightGradientProblem): number =>
  convolutionOperations(params.weightShape, dyShape);
