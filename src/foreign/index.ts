export type { CandidateShapeOptions, InputShapes } from "./input-shapes.js";
export type { EpsilonEffect } from "./inspect/epsilon-effect.js";
export * from "./inspect/folded-export.js";
export * from "./inspect/guess-inspection.js";
export {
  type InspectedWeight,
  type Inspection,
  type InspectionOptions,
  inspectGraph,
  inspectModel,
} from "./inspect/inspection.js";
export * from "./invariance-of.js";
export * from "./model-graph.js";
export * from "./onnx-network.js";
export * from "./scope-graph.js";
export type { Spread } from "./spread-of.js";
export type { Feeds } from "./swap/calibrate.js";
export type { LayerDistance } from "./swap/distances.js";
export * from "./swap/swap-metric.js";
export * from "./trace/graph-weights.js";
export * from "./trace/trace-checkpoints.js";
export * from "./trace/trace-rows.js";
export type { TracedWeight, TraceNumbers, TracePoint, WeightTrace } from "./trace/weight-trace.js";
export type { Judgement } from "./verify/judge.js";
export * from "./verify/verification.js";
export type { GroupKind } from "./weight-groups.js";
export * from "./weights/guess-invariant.js";
export * from "./weights/match-tensors.js";
export * from "./weights/name-map.js";
export type { StoredWeight, WeightsFile } from "./weights/stored-weight.js";
