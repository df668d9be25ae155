import { randomStream, type Shape, sizeOf, type Tensor, tensor } from "../../src/core/index.js";
import {
  Graph,
  gradients,
  initialTensors,
  mul,
  type Program,
  type Runtime,
  reshape,
  slice,
  total,
  type Value,
} from "../../src/graph/index.js";
import { batchNorm, metricNamed } from "../../src/norm/index.js";
import { networkScope } from "../../src/train/index.js";
import { type NormModel, normRow } from "../models.js";
import { timedLoads } from "./timed-loads.js";
import type { Workload } from "./workloads.js";

/** A batch-norm alone: y of x, and the gradients of x, γ and β for a given gradient of y. */
export async function prepareNorm(runtime: Runtime, model: NormModel, batch: number): Promise<Workload> {
  const { channels, side } = normRow;
  const shape = [batch, channels, side, side];
  const start = performance.now();
  const { program, tensors } = normProgram(model.slice("norm-".length), shape);
  const building = performance.now() - start;
  const timed = timedLoads(runtime);
  const session = await timed.load(program);
  const state = await timed.createState(tensors);
  return {
    parameters: 2 * channels,
    async step() {
      await session.run({}, { state });
    },
    creationMilliseconds: () => building + timed.milliseconds,
    close: () => session.close(),
  };
}

function normProgram(metric: string, shape: Shape): { program: Program; tensors: Record<string, Tensor> } {
  const graph = new Graph();
  const scope = networkScope(graph, { training: true });
  const [x, dy] = [graph.input("x", shape), graph.input("dy", shape)];
  const y = batchNorm({ metric: metricNamed(metric) }).apply(x, scope);
  const wanted = [x, ...scope.parameters.map(({ value }) => value)];
  const computed = [y, ...gradients(total(mul(y, dy)), wanted)];
  const random = randomStream(1, "norm");
  // Drawn once and repeated, with a prime period so that channels differ: large tensors are made quickly.
  const drawn = Float32Array.from({ length: 65_537 }, () => random.normal());
  const normal = (shift: number): Tensor =>
    tensor(
      Float32Array.from({ length: sizeOf(shape) }, (_, index) => drawn[(index + shift) % drawn.length]!),
      shape,
    );
  return {
    program: {
      graph,
      outputs: Object.fromEntries(computed.map((value, index) => [`out/${index}`, firstElement(value!)])),
      updates: Object.fromEntries(scope.buffers.flatMap(({ name, next }) => (next ? [[name, next]] : []))),
    },
    tensors: { ...initialTensors(scope, 1), x: normal(0), dy: normal(1000) },
  };
}

/** One element: the value must be computed as a whole, but need not be copied to JavaScript. */
const firstElement = (value: Value): Value => slice(reshape(value, [-1]), [0], [1]);
