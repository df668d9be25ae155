/**
 * Train neural networks, and see, predict and control what weight norms do in them. This entry runs in Node and in
 * browsers; what needs files or threads is in `normwise/node`, the operations of graphs in `normwise/graph`, the theory
 * in `normwise/dynamics`.
 *
 * @packageDocumentation
 */
export * from "./core/index.js";
export * from "./data/index.js";
export type {
  Initializer,
  Layer,
  Parameter,
  Program,
  Role,
  Runtime,
  ScaleInvariance,
  Session,
  State,
} from "./graph/index.js";
export { Graph, gradients, Scope } from "./graph/index.js";
export * from "./models/index.js";
export * from "./nn/index.js";
export * from "./norm/index.js";
export * from "./optim/index.js";
export * from "./train/index.js";
