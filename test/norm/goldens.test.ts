import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Shape, type Tensor, tensor } from "../../src/core/index.js";
import { gradients, type Layer, mul, total } from "../../src/graph/index.js";
import { linear } from "../../src/nn/index.js";
import { batchNorm, groupNorm, instanceNorm, layerNorm, weightNorm } from "../../src/norm/index.js";
import { buildLayer, numbers, relativeDistance } from "../support/layers.js";

/** What PyTorch computed; see test/goldens/norm/make.py. */
interface Golden {
  readonly inputs: Readonly<Record<string, { readonly shape: Shape; readonly data: readonly number[] }>>;
  readonly output: readonly number[];
  readonly cotangent: readonly number[];
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  /** Running statistics before and after. */
  readonly before?: Readonly<Record<string, readonly number[]>>;
  readonly after?: Readonly<Record<string, readonly number[]>>;
}

const golden: { readonly epsilon: number; readonly momentum: number; readonly cases: Record<string, Golden> } =
  JSON.parse(readFileSync(new URL("../goldens/norm/torch.json", import.meta.url), "utf8"));

const { epsilon, momentum } = golden;
const layers: Readonly<Record<string, Layer>> = {
  "batchNorm [N, C], training": batchNorm({ epsilon, momentum }),
  "batchNorm [N, C], evaluation": batchNorm({ epsilon, momentum }),
  "batchNorm [N, C, H, W], training": batchNorm({ epsilon, momentum }),
  "batchNorm [N, C, H, W], evaluation": batchNorm({ epsilon, momentum }),
  layerNorm: layerNorm({ epsilon }),
  "layerNorm, 2 axes": layerNorm({ epsilon, axes: 2 }),
  groupNorm: groupNorm({ epsilon, groups: 2 }),
  instanceNorm: instanceNorm({ epsilon }),
  "weightNorm per channel": linear(3, { weightNorm: weightNorm() }),
  "weightNorm per layer": linear(3, { weightNorm: weightNorm({ per: "layer" }) }),
};

const float64 = (data: readonly number[], shape: Shape = [data.length]): Tensor => tensor(data, shape, "float64");
const bound = 1e-13;

describe("PyTorch's float64", () => {
  it("has a case for every layer", () => expect(Object.keys(golden.cases)).toEqual(Object.keys(layers)));

  it.each(Object.entries(golden.cases))("%s", (name, { inputs, output, cotangent, ...rest }) => {
    const x = inputs.x!;
    const placeholder = tensor(new Float32Array(x.data.length), x.shape);
    const built = buildLayer(layers[name]!, placeholder, { training: !name.endsWith("evaluation") });
    const feeds: Record<string, Tensor> = {};
    for (const [input, { data, shape }] of Object.entries(inputs)) feeds[input] = float64(data, shape);
    for (const [buffer, data] of Object.entries(rest.before ?? {})) feeds[buffer] = float64(data);
    feeds.c = float64(cotangent, built.output.shape);

    const wanted = Object.keys(rest.gradients).map((input) => built.graph.inputs.get(input)!);
    const slopes = gradients(total(mul(built.output, built.graph.input("c", built.output.shape))), wanted);
    const [y, ...slopesFound] = numbers([built.output, ...slopes.map((slope) => slope!)], feeds);
    expect(relativeDistance(y!, output)).toBeLessThan(bound);
    for (const [i, [input, expected]] of Object.entries(rest.gradients).entries()) {
      expect(relativeDistance(slopesFound[i]!, expected), input).toBeLessThan(bound);
    }
    for (const { name: buffer, value, next } of built.scope.buffers) {
      expect(relativeDistance(numbers(next ?? value, feeds)[0]!, rest.after![buffer]!), buffer).toBeLessThan(bound);
    }
  });
});
