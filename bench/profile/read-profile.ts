import { sizeOf } from "../../src/core/index.js";
import { type Operands, operationsOf } from "./operations.js";

/** A node of the ONNX graph. */
export interface ProfiledNode extends Operands {
  /** `primitive#id/Operator`, as the lowering named it. */
  readonly name: string;
  /** Milliseconds in the fastest run. */
  readonly milliseconds: number;
  /** Floating-point operations of its products; 0 for what only moves or maps numbers. */
  readonly operations: number;
  /** Bytes read and written, each tensor once. */
  readonly bytes: number;
}

/** ONNX Runtime's account of the fastest run of a session: what other programs do to a run only makes it longer. */
export interface Profile {
  readonly runs: number;
  /** Milliseconds of the fastest run. */
  readonly milliseconds: number;
  readonly nodes: readonly ProfiledNode[];
}

/** An event of the trace format that ONNX Runtime writes; times in µs. */
interface TraceEvent {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: {
    readonly op_name?: string;
    readonly input_type_shape?: readonly TypedShape[];
    readonly output_type_shape?: readonly TypedShape[];
  };
}
/** A tensor's shape by the name of its type, the only key. */
type TypedShape = Readonly<Record<string, readonly number[]>>;

const suffix = "_kernel_time";

/**
 * Reads a profile as ONNX Runtime writes it.
 *
 * @param skip Runs at the beginning that are warm-up.
 * @throws Error if no other run is in it.
 */
export function readProfile(text: string, skip = 0): Profile {
  const events = JSON.parse(text) as readonly TraceEvent[];
  const runs = events.filter(({ name }) => name === "model_run").slice(skip);
  if (runs.length === 0) throw new Error(`profile: expected more than ${skip} runs, got none after them`);
  const fastest = runs.reduce((best, run) => (run.dur < best.dur ? run : best));
  const isInside = ({ ts }: TraceEvent): boolean => ts >= fastest.ts && ts < fastest.ts + fastest.dur;
  const nodes = events.filter((event) => event.cat === "Node" && event.name.endsWith(suffix) && isInside(event));
  return {
    runs: runs.length,
    milliseconds: fastest.dur / 1000,
    nodes: nodes.map((event) => ({
      name: event.name.slice(0, -suffix.length),
      milliseconds: event.dur / 1000,
      ...accountOf(event),
    })),
  };
}

function accountOf({ args = {} }: TraceEvent): Omit<ProfiledNode, "name" | "milliseconds"> {
  const { op_name: operator = "", input_type_shape: inputTypes = [], output_type_shape: outputTypes = [] } = args;
  const operands = { operator, inputs: inputTypes.map(shapeOf), outputs: outputTypes.map(shapeOf) };
  const bytes = [...inputTypes, ...outputTypes].reduce((sum, typed) => sum + bytesOf(typed), 0);
  return { ...operands, bytes, operations: operationsOf(operands) };
}

const shapeOf = (typed: TypedShape): readonly number[] => Object.values(typed)[0] ?? [];

const widths: Readonly<Record<string, number>> = { double: 8, int64: 8, float16: 2, uint8: 1, int8: 1, bool: 1 };

const bytesOf = (typed: TypedShape): number =>
  Object.entries(typed).reduce((sum, [type, shape]) => sum + (widths[type] ?? 4) * sizeOf(shape), 0);
