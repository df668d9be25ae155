import type { Edit } from "./edit-onnx.js";

/**
 * Makes a model that was exported for training one for evaluation: batch-norms take their running statistics, and
 * dropouts pass everything. A model for evaluation stays as it is.
 */
export const toEvaluationForm: Edit = (graph) => {
  for (const node of graph.node) {
    if (node.domain !== "" && node.domain !== "ai.onnx") continue;
    if (node.opType === "BatchNormalization") {
      node.attribute = node.attribute.filter(({ name }) => name !== "training_mode");
      node.output = node.output.slice(0, 1);
    }
    if (node.opType === "Dropout") node.input = node.input.slice(0, 1);
  }
};
