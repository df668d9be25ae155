import * as ort from "onnxruntime-node";
import { type Tensor, tensor } from "../../src/core/index.js";

/** Runs the bytes of an `.onnx` file once, in this thread: for tests of many small models. */
export async function runModel(
  model: Uint8Array,
  feeds: Readonly<Record<string, Tensor>>,
  threads = 1,
): Promise<Record<string, Tensor<"float32">>> {
  const session = await ort.InferenceSession.create(model, {
    graphOptimizationLevel: "disabled",
    enableMemPattern: false,
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
  });
  const fed = Object.entries(feeds).map(([name, { data, shape, dtype }]) => {
    return [name, new ort.Tensor(dtype as "float32", data as Float32Array, shape)] as const;
  });
  const found = await session.run(Object.fromEntries(fed));
  await session.release();
  return Object.fromEntries(
    Object.entries(found).map(([name, { data, dims }]) => [name, tensor(data as Float32Array, dims)]),
  );
}
