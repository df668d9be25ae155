import { numbersOf, scalar, type Tensor } from "../../../src/core/index.js";
import { Graph, type Initializer, type Runtime, type State } from "../../../src/graph/index.js";
import { flatten, heNormal, linear, relu, sequential } from "../../../src/nn/index.js";
import { sgd } from "../../../src/optim/index.js";
import { evaluate } from "../../../src/reference/index.js";
import {
  forward,
  type ImageNetwork,
  imageClassification,
  initialState,
  rateInput,
  type TrainingStep,
  trainingStep,
} from "../../../src/train/index.js";
import { integers, normal } from "../../support/random-tensors.js";
import type { MetricRow } from "./metrics.js";
import type { WeightNormRow } from "./weight-norms.js";

const batch = 4;
const layerName = "1";
/** The shape of the weight that is made by the weight norm. */
export const weightShape = [3, 12];

/** A network of two layers and its training step, the first weight made by a weight norm. */
export interface WeightTraining {
  readonly step: TrainingStep;
  /** Values before the first step. */
  readonly initial: Readonly<Record<string, Tensor>>;
  /** What the layer's initializer returned. */
  readonly start: Float32Array;
  /** The weight as the layer uses it, of a state. */
  weight(state: Readonly<Record<string, Tensor>>): number[];
  /** One step on a batch of its own. Returns the loss. */
  take(runtime: Runtime, state: State, count: number, steps?: number): Promise<number[]>;
}

/** Builds a training with momentum 0.9 and coupled weight decay. */
export function weightTraining(row: WeightNormRow, { metric }: MetricRow): WeightTraining {
  let start: Float32Array | undefined;
  const initializer: Initializer = (shape, ...rest) => {
    start = heNormal()(shape, ...rest);
    return start;
  };
  const network: ImageNetwork = {
    network: sequential(flatten(), linear(3, { weightNorm: row.make(metric), initializer }), relu(), linear(3)),
    shape: [2, 2, 3],
    pixels: "float32",
    mean: [0, 0],
    std: [1, 1],
  };
  const step = trainingStep({
    objective: imageClassification(network),
    shape: [batch],
    optimizer: sgd({ momentum: 0.9, weightDecay: 0.05 }),
  });
  const initial = initialState(step, 7);
  const { scope } = forward(new Graph(), network, batch, { training: false });
  return {
    step,
    initial,
    start: start!,
    weight: (state) => numbersOf(evaluate([scope.derived.get(`${layerName}.weight`)!], state)[0]!),
    async take(runtime, state, from, steps = 1) {
      const session = await runtime.load(step.program);
      const rates = step.groups.map(({ name }) => [rateInput(name), scalar(0.1, "float64")] as const);
      const losses: number[] = [];
      for (let count = from; count < from + steps; count++) {
        const images = normal(`images ${count}`, [batch, 2, 2, 3]);
        const labels = integers(`labels ${count}`, [batch], 3, "int32");
        const { loss } = await session.run({ images, labels, ...Object.fromEntries(rates) }, { state });
        losses.push(numbersOf(loss!)[0]!);
      }
      await session.close();
      return losses;
    },
  };
}

/** The tensors of the weight-normalized layer, by their names in it. */
export function ofLayer(state: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const prefix = `${layerName}.`;
  const own = Object.entries(state).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}
