import type { Tensor } from "../../src/core/index.js";
import { emittedModel } from "../../src/onnx/lower/emitted-model.js";
import { Emitter, type TensorName } from "../../src/onnx/lower/emitter.js";
import { runModel } from "./run-model.js";

/** Runs a piece of an ONNX graph, as an emission function writes it, in ONNX Runtime. */
export async function runEmitted(
  inputs: Readonly<Record<string, Tensor<"float32">>>,
  build: (emit: Emitter) => Readonly<Record<string, TensorName>>,
  emit = new Emitter(),
): Promise<Record<string, Tensor<"float32">>> {
  for (const name of Object.keys(inputs)) emit.claim(name);
  const results = build(emit);
  const found = await runModel(emittedModel(emit, inputs, Object.values(results)), inputs, 2);
  return Object.fromEntries(Object.entries(results).map(([key, name]) => [key, found[name]!]));
}
