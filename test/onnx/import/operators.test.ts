import { afterAll, describe, expect, it } from "vitest";
import { isFloating, type Tensor, tensor } from "../../../src/core/index.js";
import { evaluate } from "../../../src/reference/index.js";
import { nodeRuntime } from "../../../src/runtime/node/index.js";
import { expectClose } from "../../support/compare.js";
import { feedsOf, imported, onnxBytes, runByOnnxRuntime } from "../../support/onnx-models.js";
import { knownCases, type OperatorCase, operatorCases } from "../../support/operator-cases.js";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

// Both compute in float32; sums of the cases have at most some hundred terms.
const tolerance = 3e-6;

async function compare({ feeds = {}, ...model }: OperatorCase): Promise<void> {
  const bytes = onnxBytes({ inputs: feeds, ...model });
  const truth = await runByOnnxRuntime(bytes, feeds);
  const { outputs, scope, unknown } = imported(bytes, feeds);
  expect(unknown).toEqual([]);
  const given = feedsOf(scope, feeds);
  const names = Object.keys(model.outputs);
  const exact = evaluate(
    names.map((name) => outputs[name]!),
    given,
  );
  const session = await runtime.load({ graph: scope.graph, outputs });
  const ours = await session.run(
    Object.fromEntries(Object.entries(given).filter(([name]) => scope.graph.inputs.has(name))),
  );
  await session.close();
  for (const [place, name] of names.entries()) {
    const wanted: Tensor = truth[name]!;
    expect(outputs[name]!.shape, name).toEqual(wanted.shape);
    const bound = isFloating(wanted.dtype) ? { relative: tolerance } : { absolute: 0 };
    expectClose(exact[place]!, wanted, bound, `${name}, by the reference`);
    expectClose(ours[name]!, wanted, bound, `${name}, by the runtime`);
  }
}

describe("every operator as ONNX Runtime has it", () => {
  it.each(operatorCases)("%s", async (_name, operatorCase) => compare(operatorCase));
});

describe("what is known is computed while importing, as ONNX Runtime has it", () => {
  it.each(knownCases)("%s", async (_name, { feeds = {}, ...model }) => {
    const bytes = onnxBytes(model);
    const truth = await runByOnnxRuntime(bytes, feeds);
    const { outputs, unknown } = imported(bytes, feeds);
    expect(unknown).toEqual([]);
    for (const name of Object.keys(model.outputs)) {
      const { source } = outputs[name]!;
      if (source.kind !== "constant") throw new Error(`expected a constant, got ${outputs[name]}`);
      expectClose(source.tensor, truth[name]!, { absolute: 1e-6 }, name);
    }
  });
});

it("compares: a case whose file says something else fails", async () => {
  const feeds = { x: tensor([1, -2, 3]) };
  const [, relu] = operatorCases.find(([name]) => name === "Relu")!;
  const bytes = onnxBytes({ ...relu, inputs: feeds });
  const { outputs, scope } = imported(bytes, feeds);
  const [y] = evaluate([outputs.y!], feedsOf(scope, feeds));
  expect(() => expectClose(y!, tensor([1, -2, 3]), { relative: tolerance })).toThrow("relative L2 error");
});
