import { neededValues, type Program, resultsOf, type Value } from "../../../graph/index.js";
import { simplify } from "../../simplify/simplify.js";
import type { AppliedValue, Lowering } from "../lowering.js";
import { blockedDomain } from "./context.js";
import { blockedEmission } from "./emission.js";
import { fuse } from "./fusion/fuse.js";
import { findImages } from "./fusion/images.js";
import { implementationsOf } from "./implementations.js";
import { type Assignment, assignLayouts } from "./layout/assign.js";
import { dumpLayouts } from "./layout/dump.js";
import type { Implementation } from "./layout/implementation.js";

/** Options of {@link blocked}. */
export interface BlockedOptions {
  /** Channels that lie together in memory: 16 with AVX-512, else 8. ONNX Runtime decides; see `nodeRuntime`. */
  readonly block: number;
}

/**
 * The fast way on processors: ONNX Runtime's operators on blocked tensors, of its CPU provider alone. A program is fused,
 * every value gets a layout and an implementation, and what is left to convert is converted.
 */
export function blocked({ block }: BlockedOptions): Lowering {
  return {
    name: `blocked ${block}`,
    domains: { [blockedDomain]: 1 },
    fixesBatch: true,
    prepare,
    begin: (emit, values, results) => blockedEmission(emit, block, assign(values, results, block)),
  };
}

/**
 * How the blocked lowering would compute a program: the layout of every image, and the conversions that remain, as a text.
 *
 * @example
 * console.log(explainLayouts(trainingStep(options).program, { block: 16 }));
 */
export function explainLayouts(program: Program, { block }: BlockedOptions): string {
  const results = new Set(resultsOf(prepare(simplify(program))));
  const values = neededValues([...results]);
  return dumpLayouts(values, assign(values, results, block), results);
}

const prepare = (program: Program): Program => simplify(fuse(program));

function assign(values: readonly Value[], results: ReadonlySet<Value>, block: number): Assignment {
  const images = findImages(values);
  const choices = new Map<Value, readonly Implementation[]>();
  for (const value of values) if (isApplied(value)) choices.set(value, implementationsOf(value, images, block));
  return assignLayouts(values, choices, images, results);
}

const isApplied = (value: Value): value is AppliedValue => value.source.kind === "apply";
