import { defineCommand } from "citty";
import { assertArgument } from "../core/index.js";
import { writeFileAtomic } from "../io/files/index.js";
import { encodeSafetensors } from "../io/index.js";
import { nodeRuntime } from "../runtime/node/index.js";
import { loadRun } from "../train/node/index.js";
import { checkpointOption } from "./open-model.js";
import { rejectUnknownOptions } from "./unknown-options.js";

const args = {
  run: { type: "positional", description: "run folder", required: true },
  out: { type: "string", description: "file to write: .onnx, or .safetensors for the weights alone", required: true },
  checkpoint: { type: "string", description: "last (default) or best" },
  fold: {
    type: "boolean",
    description: "ONNX: make batch-norms and weight norms part of the weights; safetensors always has plain weights",
  },
} as const;

/** `normwise export`. */
export const exportCommand = defineCommand({
  meta: { name: "export", description: "Write a run's network as an ONNX or safetensors file." },
  args,
  async run({ args: given }) {
    rejectUnknownOptions("export", args, given, 1);
    const { out } = given;
    const known = out.endsWith(".onnx") || out.endsWith(".safetensors");
    assertArgument(known, "--out", "a file named .onnx or .safetensors", out);
    const runtime = nodeRuntime({ threads: 1, lowering: "portable" });
    try {
      const { model, close } = await loadRun(given.run, runtime, { batch: 1, ...checkpointOption(given.checkpoint) });
      const bytes = out.endsWith(".onnx")
        ? await model.toOnnx({ fold: given.fold === true })
        : encodeSafetensors(await model.plainTensors());
      await close();
      await writeFileAtomic(out, bytes);
      process.stdout.write(`${out}: ${(bytes.length / 1e6).toFixed(1)} MB\n`);
    } finally {
      await runtime.close();
    }
  },
});
