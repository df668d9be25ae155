import { randomStream, sizeOf, type Tensor, tensor } from "../../src/core/index.js";
import type { ModelGraph } from "../../src/foreign/index.js";
import { scopeGraph } from "../../src/foreign/index.js";
import { Graph, type Layer, Scope } from "../../src/graph/index.js";
import { conv2d, globalAveragePool, linear, relu, sequential } from "../../src/nn/index.js";
import { batchNorm } from "../../src/norm/index.js";

/** conv (with bias) → batch-norm → relu → conv → batch-norm → relu → mean over positions → linear. */
export const smallLayers = (): Layer =>
  sequential(
    conv2d(6, { bias: true }),
    batchNorm(),
    relu(),
    conv2d(4, { bias: false }),
    batchNorm(),
    relu(),
    globalAveragePool(),
    linear(3),
  );

/** A network of ours as a model to inspect, with normal weights. */
export function networkModel(layer: Layer, shape: readonly number[], changed: Record<string, Tensor> = {}): ModelGraph {
  const scope = new Scope(new Graph(), { training: true });
  const x = scope.graph.input("x", shape);
  const output = layer.apply(x, scope);
  const tensors = new Map<string, Tensor>();
  for (const { name, value, role } of scope.parameters) {
    const random = randomStream(3, name);
    const plain = role === "gain" ? 1 : 0;
    const data = Float32Array.from({ length: sizeOf(value.shape) }, () =>
      role === "weight" ? 0.3 * random.normal() : plain,
    );
    tensors.set(name, tensor(data, value.shape));
  }
  for (const { name, value } of scope.buffers)
    tensors.set(name, tensor(new Float32Array(sizeOf(value.shape)).fill(1), value.shape));
  for (const [name, value] of Object.entries(changed)) tensors.set(name, value);
  return scopeGraph(scope, { x }, { output }, (name) => tensors.get(name));
}
