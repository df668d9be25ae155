import type { Lowering } from "../lowering.js";
import { convolution } from "./convolution.js";
import { elementwise } from "./elementwise.js";
import { indexing } from "./indexing.js";
import { matmul } from "./matmul.js";
import { pooling } from "./pooling.js";
import { reduction } from "./reduction.js";
import { structure } from "./structure.js";

/** Standard operators only: right on every provider and platform that runs ONNX. */
export const portable: Lowering = {
  name: "portable",
  rules: { ...elementwise, ...reduction, ...matmul, ...convolution, ...pooling, ...indexing, ...structure },
};
