import { describe, it } from "vitest";
import type { Shape } from "../../src/core/index.js";
import type { Attributes } from "../../src/onnx/lower/attributes.js";
import { blockedDomain } from "../../src/onnx/lower/blocked/context.js";
import { Emitter } from "../../src/onnx/lower/emitter.js";
import { machineBlock } from "./blocked-layout.js";
import { expectClose } from "./compare.js";
import { runEmitted } from "./emitted.js";
import { EmulatedBlocks } from "./emulated-blocks.js";
import { normal } from "./random-tensors.js";

const x: Shape = [2, 32, 5, 6];
const sigmoid = { activation: "HardSigmoid", activation_params: { floats: [-0.5, 1] } };

describe("blocks as they are emulated are those of ONNX Runtime, in memory", () => {
  it.each<[string, string, Shape[], Attributes]>([
    ["ReorderInput", "ReorderInput", [[2, 20, 5, 6]], {}],
    ["ReorderInput, channels last", "ReorderInput", [[2, 5, 6, 32]], { channels_last: 1 }],
    ["ReorderOutput", "ReorderOutput", [x], { channels: 20 }],
    ["ReorderOutput, channels last", "ReorderOutput", [x], { channels: 32, channels_last: 1 }],
    ["Conv", "Conv", [x, [16, 32, 3, 3]], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], group: 1 }],
    [
      "Conv of row-major x",
      "Conv",
      [
        [2, 3, 5, 6],
        [16, 3, 3, 3],
      ],
      { kernel_shape: [3, 3], strides: [2, 2], group: 1 },
    ],
    ["grouped Conv", "Conv", [x, [32, 16, 1, 1]], { kernel_shape: [1, 1], group: 2, activation: "Relu" }],
    ["depthwise Conv", "Conv", [x, [32, 1, 2, 2]], { kernel_shape: [2, 2], group: 32, ...sigmoid }],
    ["MaxPool", "MaxPool", [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
    ["AveragePool", "AveragePool", [x], { kernel_shape: [2, 2], strides: [2, 2], count_include_pad: 1 }],
    ["GlobalAveragePool", "GlobalAveragePool", [x], {}],
    ["Upsample", "Upsample", [x], { scales: [1, 1, 2, 3], mode: "nearest" }],
  ])("%s", async (_, operator, shapes, attributes) => {
    const block = await machineBlock();
    const inputs = Object.fromEntries(shapes.map((shape, i) => [`x${i}`, normal(`x${i}`, shape)]));
    const [native, emulated] = await Promise.all(
      [new Emitter(), new EmulatedBlocks(block)].map((emitter) =>
        runEmitted(
          inputs,
          (emit) => {
            const names = Object.keys(inputs).map((name, i) =>
              i === 0 ? name : emit.op("Reshape", [name, emit.ints(shapes[i]!)]),
            );
            return { y: emit.node(operator, names, { attributes, domain: blockedDomain }).output(0) };
          },
          emitter,
        ),
      ),
    );
    expectClose(emulated!.y!, native!.y!, { relative: 1e-6 });
  });
});
