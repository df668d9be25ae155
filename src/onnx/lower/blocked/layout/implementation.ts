import type { ValueType } from "../../../../graph/index.js";
import type { Emitter, TensorName } from "../../emitter.js";

/**
 * How a tensor [N, C, H, W] lies in memory.
 *
 * - `plain`: row-major as the graph says; everything that is not a batch of feature maps is plain.
 * - `blocked`: [N, C/b, H, W, b], C rounded up to a multiple of the block b, surplus channels zero. ONNX Runtime calls the
 *   same memory [N, C, H, W].
 * - `batchLast`: [C, H, W, N], for maps so small that rows of them do not fill a register.
 */
export type Layout = "plain" | "blocked" | "batchLast";

/** What an implementation is given to emit its nodes. */
export interface EmitContext {
  readonly emit: Emitter;
  /** The block of the blocked layout, in channels. */
  readonly block: number;
  /** The operands' tensors, each in the layout that the implementation asks for. */
  readonly inputs: readonly TensorName[];
  /** The operands' shapes and dtypes. */
  readonly types: readonly ValueType[];
  readonly output: ValueType;
  readonly params: object;
}

/** One way to compute a value. */
export interface Implementation {
  /** Of the result. */
  readonly layout: Layout;
  /** Of each operand. */
  readonly operands: readonly Layout[];
  /** Expected milliseconds on one thread; only proportions matter. */
  readonly cost: number;
  /** Emits the nodes; `portable` stands for the rule of the portable lowering, which may look at more than its operands. */
  readonly emit: "portable" | ((context: EmitContext) => TensorName);
}
