import { neededValues, type Program, type Value } from "../../../graph/index.js";
import { simplify } from "../../simplify/simplify.js";
import type { Emitter, TensorName } from "../emitter.js";
import { type AppliedValue, applyRule, type Emission, type Lowering } from "../lowering.js";
import { portableRules } from "../portable/index.js";
import { blockedDomain } from "./context.js";
import { fuse } from "./fusion/fuse.js";
import { findImages } from "./fusion/images.js";
import { implementationsOf } from "./implementations.js";
import { type Assignment, assignLayouts } from "./layout/assign.js";
import { convert } from "./layout/conversion.js";
import { dumpLayouts } from "./layout/dump.js";
import type { Implementation, Layout } from "./layout/implementation.js";

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
    prepare: (program: Program) => simplify(fuse(program)),
    begin: (emit, values, results) => emission(emit, block, assign(values, results, block)),
  };
}

/**
 * How the blocked lowering would compute a program: the layout of every image, and the conversions that remain, as a text.
 *
 * @example
 * console.log(explainLayouts(trainingStep(options).program, { block: 16 }));
 */
export function explainLayouts(program: Program, { block }: BlockedOptions): string {
  const { outputs, updates } = simplify(fuse(simplify(program)));
  const results = new Set([...Object.values(outputs), ...Object.values(updates ?? {})]);
  const values = neededValues([...results]);
  return dumpLayouts(values, assign(values, results, block), results);
}

function assign(values: readonly Value[], results: ReadonlySet<Value>, block: number): Assignment {
  const images = findImages(values);
  const choices = new Map<Value, readonly Implementation[]>();
  for (const value of values) if (isApplied(value)) choices.set(value, implementationsOf(value, images, block));
  return assignLayouts(values, choices, images, results);
}

const isApplied = (value: Value): value is AppliedValue => value.source.kind === "apply";

function emission(emit: Emitter, block: number, assignment: Assignment): Emission {
  const held = new Map<Value, Map<Layout, TensorName>>();

  /** The tensor in a layout, converted once where it lies in another. */
  function tensorIn(value: Value, layout: Layout): TensorName {
    const names = held.get(value)!;
    const known = names.get(layout);
    if (known !== undefined) return known;
    const [from, tensor] = [...names][0]!;
    const converted = convert({ emit, block }, tensor, value.shape, from, layout);
    names.set(layout, converted);
    return converted;
  }

  const tensorOf = (value: Value): TensorName => tensorIn(value, "plain");
  return {
    hold: (value, name) => void held.set(value, new Map([["plain", name]])),
    compute(value) {
      const { layout, operands, emit: emitBy } = assignment.get(value)!;
      const { inputs, params } = value.source;
      const name =
        emitBy === "portable"
          ? applyRule(portableRules, value, emit, tensorOf)
          : emitBy({
              emit,
              block,
              inputs: inputs.map((input, at) => tensorIn(input, operands[at]!)),
              types: inputs,
              output: value,
              params,
            });
      held.set(value, new Map([[layout, name]]));
    },
    tensorOf,
  };
}
