import { operator } from "./operator.js";

export const matmul = { matmul: operator("MatMul") };
