import { Graph, initialTensors, type Runtime, Scope, type Tensors, type Value } from "../../graph/index.js";
import { type ImportedGraph, importOnnx, type OnnxFile } from "../../onnx/index.js";
import { inputsLike } from "./calibrate.js";
import { sizesOf } from "./measured-norm.js";

/** How far one batch-norm of a model has moved from that of another. */
export interface LayerDistance {
  readonly name: string;
  /** ‖x′ − x‖ / ‖x‖ of what it is given, 2-norms over a whole batch. */
  readonly before: number;
  /** The same of what it gives. */
  readonly after: number;
  /** √(running variance + ε) of the first model, per channel. */
  readonly divisor: Float64Array;
}

/** The distances between two models of one structure, layer by layer and in their outputs, on one batch in evaluation. */
export async function outputDistances(
  original: OnnxFile,
  changed: OnnxFile,
  runtime: Runtime,
  feeds: Tensors,
): Promise<{ readonly norms: readonly LayerDistance[]; readonly outputs: Readonly<Record<string, number>> }> {
  const graph = new Graph();
  const inputs = inputsLike(original, graph, feeds);
  const [one, other] = [original, changed].map((file, place) => {
    const scope = new Scope(graph, { training: false }, place === 0 ? "original" : "changed");
    return { scope, model: importOnnx(file, scope, { inputs }) };
  }) as [Side, Side];
  const pairs: Record<string, readonly [Value, Value]> = {};
  for (const [layer, norm] of one.model.batchNorms.entries()) {
    const twin = other.model.batchNorms[layer]!;
    pairs[`before/${layer}`] = [norm.input, twin.input];
    pairs[`after/${layer}`] = [norm.output, twin.output];
  }
  for (const [name, value] of Object.entries(one.model.outputs))
    pairs[`output/${name}`] = [value, other.model.outputs[name]!];
  const wanted = Object.fromEntries(
    Object.entries(pairs).flatMap(([name, [a, b]]) => {
      const { size, distance } = sizesOf(a, b);
      return [
        [`size/${name}`, size],
        [`distance/${name}`, distance],
      ];
    }),
  );
  const session = await runtime.load({ graph, outputs: wanted });
  const state = await runtime.createState({ ...initialTensors(one.scope, 0), ...initialTensors(other.scope, 0) });
  try {
    const found = await session.run(feeds, { state });
    const number = (name: string): number => Number(found[name]!.data[0]);
    const relative = (name: string): number => {
      const distance = number(`distance/${name}`);
      return distance === 0 ? 0 : distance / number(`size/${name}`);
    };
    return {
      norms: one.model.batchNorms.map(({ node, variance, epsilon }, layer) => ({
        name: node.name,
        before: relative(`before/${layer}`),
        after: relative(`after/${layer}`),
        divisor: Float64Array.from(numbersIn(original, variance), (value) => Math.sqrt(value + epsilon)),
      })),
      outputs: Object.fromEntries(Object.keys(one.model.outputs).map((name) => [name, relative(`output/${name}`)])),
    };
  } finally {
    await session.close();
    await state.close();
  }
}

interface Side {
  readonly scope: Scope;
  readonly model: ImportedGraph;
}

const numbersIn = (file: OnnxFile, name: string): Float32Array =>
  file.initializers.get(name)!.read().data as Float32Array;
