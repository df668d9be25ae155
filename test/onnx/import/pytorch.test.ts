import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Tensor, tensor } from "../../../src/core/index.js";
import { gradients, square, total } from "../../../src/graph/index.js";
import { evaluate } from "../../../src/reference/index.js";
import { expectClose } from "../../support/compare.js";
import { feedsOf, imported, runByOnnxRuntime } from "../../support/onnx-models.js";

interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Golden {
  readonly input: Plain;
  readonly evaluated: { readonly train: Plain; readonly eval: Plain };
  readonly trained: Plain;
  readonly running: Readonly<Record<string, Plain>>;
  readonly parameters: readonly string[];
}

const folder = new URL("../../goldens/onnx-import/", import.meta.url);
const { values } = JSON.parse(readFileSync(new URL("values.json", folder), "utf8")) as {
  values: Record<string, Golden>;
};
const bytesOf = (name: string): Uint8Array => readFileSync(new URL(`${name}.onnx`, folder));
const tensorOf = ({ data, shape }: Plain, dtype: "float32" | "int64" = "float32"): Tensor => tensor(data, shape, dtype);
const feedsFor = (name: string): { input: Tensor } => ({
  input: tensorOf(values[name]!.input, name === "convnet" ? "float32" : "int64"),
});

const models = ["convnet", "encoder", "decoder"];
const trainForms = models.flatMap((name) =>
  [11, 13, 17].map((opset): [string, string] => [name, `${name}.train.${opset}`]),
);
// PyTorch's and ONNX Runtime's float32 against the reference in float64, over a dozen layers.
const tolerance = { relative: 1e-5 };

describe("models exported by PyTorch", () => {
  it.each(models)(
    "%s in eval form: a batch of another size than the export's gives what ONNX Runtime gives",
    async (name) => {
      const bytes = bytesOf(`${name}.eval.13`);
      const feeds = feedsFor(name);
      const truth = (await runByOnnxRuntime(bytes, feeds)).output!;
      const { outputs, scope, unknown } = imported(bytes, feeds);
      expect(unknown).toEqual([]);
      const [output] = evaluate([outputs.output!], feedsOf(scope, feeds));
      expectClose(output!, truth, tolerance);
      expectClose(output!, tensorOf(values[name]!.evaluated.eval), tolerance);
    },
  );

  it.each(trainForms)("%s as %s: parameters by their own names, PyTorch's outputs in both modes", (name, file) => {
    const feeds = feedsFor(name);
    const golden = values[name]!;
    for (const training of [false, true]) {
      const { outputs, scope, sources } = imported(bytesOf(file), feeds, { training });
      expect(scope.parameters.map((parameter) => parameter.name).sort()).toEqual([...golden.parameters].sort());
      expect(sources.size).toBe(golden.parameters.length);
      const [output] = evaluate([outputs.output!], feedsOf(scope, feeds));
      expectClose(
        output!,
        tensorOf(training ? golden.trained : golden.evaluated.train),
        tolerance,
        `training ${training}`,
      );
    }
  });

  it.each([11, 13, 17])("leaves PyTorch's running statistics behind, opset %i", (opset) => {
    const feeds = feedsFor("convnet");
    const { scope, batchNorms } = imported(bytesOf(`convnet.train.${opset}`), feeds, { training: true });
    const { running } = values.convnet!;
    expect(batchNorms.map(({ mean }) => mean)).toEqual(Object.keys(running).filter((name) => name.endsWith("mean")));
    expect(scope.buffers.map(({ name }) => name).sort()).toEqual(Object.keys(running).sort());
    const next = evaluate(
      scope.buffers.map((buffer) => buffer.next!),
      feedsOf(scope, feeds),
    );
    for (const [at, { name }] of scope.buffers.entries())
      expectClose(next[at]!, tensorOf(running[name]!), tolerance, name);
  });

  it("gives every parameter a gradient", () => {
    for (const [name, file] of trainForms) {
      const { outputs, scope } = imported(bytesOf(file), feedsFor(name), { training: true });
      const wanted = scope.parameters.map(({ value }) => value);
      const found = gradients(total(square(outputs.output!)), wanted);
      expect(found.every((gradient) => gradient !== undefined)).toBe(true);
    }
  });

  it("finds the names that constant folding has lost", () => {
    const { scope } = imported(bytesOf("encoder.eval.13"), feedsFor("encoder"));
    const names = scope.parameters.map(({ name }) => name);
    expect(names.filter((name) => !values.encoder!.parameters.includes(name))).toEqual([]);
    expect(names).toContain("encoder.layers.1.self_attn.in_proj_weight");
  });
});
