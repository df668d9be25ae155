/**
 * The base of every error that Normwise throws on purpose. The message has the form
 * `<where>: expected <invariant>, got <actual>; <what to do>`.
 */
export class NormwiseError extends Error {
  override readonly name: string = "NormwiseError";
}

/** A value that a person or a program supplied is outside its allowed set. */
export class InvalidArgumentError extends NormwiseError {
  override readonly name = "InvalidArgumentError";
}

/** Shapes or dtypes that do not fit together, found while a graph is built. */
export class ShapeError extends NormwiseError {
  override readonly name = "ShapeError";
}

/** A file or dataset that is missing, cut short or not what it claims to be. */
export class DataError extends NormwiseError {
  override readonly name = "DataError";
}

/** A run folder or checkpoint that cannot be used as asked. */
export class RunError extends NormwiseError {
  override readonly name = "RunError";
}

/** The loss became NaN or infinite, and the state before that step is kept; or a weight did, and is not saved. */
export class NonFiniteError extends NormwiseError {
  override readonly name = "NonFiniteError";
  /** The step (counted from 0) whose loss, or whose update, was not finite. */
  readonly step: number;
  /** The first layer, in execution order, that made a non-finite value out of finite ones; or the tensor that is not. */
  readonly layer: string;

  constructor(message: string, step: number, layer: string) {
    super(message);
    this.step = step;
    this.layer = layer;
  }
}

/** A runtime could not load or run a program. */
export class ExecutionError extends NormwiseError {
  override readonly name = "ExecutionError";
  /** The node of the lowered graph that failed, such as `conv2d#12/Conv`, where the runtime tells. */
  readonly node: string | undefined;

  constructor(message: string, node?: string) {
    super(message);
    this.node = node;
  }
}

/** Builds the message of an error from its four parts, so that all read alike. */
export function expectation(where: string, expected: string, got: unknown, fix?: string): string {
  return `${where}: expected ${expected}, got ${quote(got)}${fix === undefined ? "" : `; ${fix}`}`;
}

function quote(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "bigint" || typeof value === "function") return String(value);
  if (typeof value === "number") return String(value);
  return JSON.stringify(value) ?? String(value);
}

/** Throws an {@link InvalidArgumentError} unless `condition` holds. */
export function assertArgument(
  condition: boolean,
  where: string,
  expected: string,
  got: unknown,
  fix?: string,
): asserts condition {
  if (!condition) throw new InvalidArgumentError(expectation(where, expected, got, fix));
}
