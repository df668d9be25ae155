import { argMax, Graph, type Program } from "../graph/index.js";
import { softmaxCrossEntropy } from "../nn/index.js";
import { forward, type ImageNetwork } from "./image-network.js";
import type { NetworkOptions } from "./network-scope.js";

/** How a network is evaluated. */
export type EvaluationOptions = Omit<NetworkOptions, "training">;

/** Outputs `losses` [batch] (cross-entropy of each image), `predictions` [batch] and `logits`, in evaluation mode. */
export function evaluationProgram(network: ImageNetwork, batch: number, options: EvaluationOptions = {}): Program {
  const graph = new Graph();
  const { logits } = forward(graph, network, batch, { ...options, training: false });
  const labels = graph.input("labels", [batch], "int32");
  return {
    graph,
    outputs: { losses: softmaxCrossEntropy(logits, labels), predictions: argMax(logits, 1), logits },
  };
}

/** Only `logits`, from `images`: what is saved as an ONNX model and what predicts. */
export function inferenceProgram(network: ImageNetwork, batch: number, options: EvaluationOptions = {}): Program {
  const graph = new Graph();
  return { graph, outputs: { logits: forward(graph, network, batch, { ...options, training: false }).logits } };
}
