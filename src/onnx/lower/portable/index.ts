import type { Value } from "../../../graph/index.js";
import type { TensorName } from "../emitter.js";
import { applyRule, type Lowering, type Rules } from "../lowering.js";
import { convolution } from "./convolution.js";
import { elementwise } from "./elementwise.js";
import { indexing } from "./indexing.js";
import { matmul } from "./matmul.js";
import { pooling } from "./pooling.js";
import { reduction } from "./reduction.js";
import { structure } from "./structure.js";

/** The rules of the portable lowering. */
export const portableRules: Rules = {
  ...elementwise,
  ...reduction,
  ...matmul,
  ...convolution,
  ...pooling,
  ...indexing,
  ...structure,
};

/** Standard operators only: right on every provider and platform that runs ONNX. */
export const portable: Lowering = {
  name: "portable",
  begin(emit) {
    const names = new Map<Value, TensorName>();
    const tensorOf = (value: Value): TensorName => names.get(value)!;
    return {
      hold: (value, name) => void names.set(value, name),
      compute: (value) => void names.set(value, applyRule(portableRules, value, emit, tensorOf)),
      tensorOf,
    };
  },
};
