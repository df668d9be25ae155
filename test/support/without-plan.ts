import { randomStream } from "../../src/core/index.js";
import type { Value } from "../../src/graph/index.js";
import { blocked, type Lowering } from "../../src/onnx/index.js";
import { blockedEmission } from "../../src/onnx/lower/blocked/emission.js";
import { findImages } from "../../src/onnx/lower/blocked/fusion/images.js";
import { implementationsOf } from "../../src/onnx/lower/blocked/implementations.js";
import type { Implementation } from "../../src/onnx/lower/blocked/layout/implementation.js";
import type { AppliedValue } from "../../src/onnx/lower/lowering.js";

/** The blocked lowering with any implementation of each value, whatever it costs: so that all of them are tried, beside each other. */
export function withoutPlan(block: number, seed: number): Lowering {
  return {
    ...blocked({ block }),
    begin(emit, values) {
      const random = randomStream(seed, "implementations");
      const images = findImages(values);
      const assignment = new Map<Value, Implementation>();
      for (const value of values) {
        if (value.source.kind !== "apply") continue;
        const options = implementationsOf(value as AppliedValue, images, block);
        assignment.set(value, options[random.integer(options.length)]!);
      }
      return blockedEmission(emit, block, assignment);
    },
  };
}
