import type { Tensor } from "../../../src/core/index.js";
import { gradients, mul, type Program, type Runtime, total, type Value } from "../../../src/graph/index.js";
import { evaluate } from "../../../src/reference/index.js";
import type { BuiltLayer } from "../../support/layers.js";
import { normal } from "../../support/random-tensors.js";

type Feeds = Readonly<Record<string, Tensor>>;

/**
 * All that a layer computes, as one program: `output`; `gradient/` of the input and of every parameter, the loss being
 * Σ c · output with random c; `next/` of every buffer.
 */
export function layerProgram({ graph, scope, output }: BuiltLayer): Program {
  const cotangent = graph.constant(normal("contract cotangent", output.shape));
  const names = ["x", ...scope.parameters.map(({ name }) => name)];
  const slopes = gradients(
    total(mul(output, cotangent)),
    names.map((name) => graph.inputs.get(name)!),
  );
  const outputs: Record<string, Value> = { output };
  for (const [i, name] of names.entries()) if (slopes[i]) outputs[`gradient/${name}`] = slopes[i];
  for (const { name, next } of scope.buffers) if (next) outputs[`next/${name}`] = next;
  return { graph, outputs };
}

/** A program's outputs in float64. */
export function inFloat64({ outputs }: Program, feeds: Feeds): Record<string, Tensor> {
  const tensors = evaluate(Object.values(outputs), feeds);
  return Object.fromEntries(Object.keys(outputs).map((name, i) => [name, tensors[i]!]));
}

/** A program's outputs from a runtime, for each of several feeds. */
export async function runOn(
  runtime: Runtime,
  program: Program,
  ...feeds: readonly Feeds[]
): Promise<Readonly<Record<string, Tensor>>[]> {
  const session = await runtime.load(program);
  const results: Readonly<Record<string, Tensor>>[] = [];
  for (const each of feeds) {
    const used = Object.entries(each).filter(([name]) => program.graph.inputs.has(name));
    results.push(await session.run(Object.fromEntries(used)));
  }
  await session.close();
  return results;
}
