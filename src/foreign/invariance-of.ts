import { analyzeInvariance, type WeightInvariance } from "../dynamics/index.js";
import type { ModelGraph } from "./model-graph.js";

/** The scale-invariance of all parameters of a model, with the reasons in the names of its own nodes. */
export function invarianceOf({ outputs, parameters, nameOf }: ModelGraph): WeightInvariance[] {
  return analyzeInvariance(Object.values(outputs), parameters, { nameOf });
}
