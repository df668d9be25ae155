export type { Program, RunOptions, Runtime, Session, State, Tensors } from "../graph/index.js";
export * from "./feeds.js";
export * from "./lowering-option.js";
