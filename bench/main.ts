import { cpus } from "node:os";
import { type Found, findPeers } from "./engines.js";
import { benchNorms } from "./norms.js";
import { type BenchOptions, parseOptions, usage } from "./options.js";
import { benchProfiles } from "./profile/bench-profiles.js";
import { benchRows } from "./rows.js";
import { benchKernels } from "./tune/bench-kernels.js";

/** Each kind of measurement: says its table line by line and returns its part of the JSON. */
const kinds = { rows: benchRows, norms: benchNorms, profile: benchProfiles, tune: benchKernels };

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options.what === "help") {
    console.log(usage);
    return;
  }
  const say = options.json ? console.error : console.log;
  const found = await findPeers(options.against);
  for (const line of introduction(options, found)) say(line);
  const result = await kinds[options.what](options, found, say);
  if (options.json) console.log(JSON.stringify({ machine: machine(), ...found, ...result }));
}

/** GFLOP/s that any processor's own BLAS exceeds. */
const slowProduct = 8;

const machine = (): object => ({ processor: cpus()[0]!.model, processors: cpus().length, node: process.version });

function introduction({ against }: BenchOptions, { torch, tfjs }: Found): string[] {
  const lines = [`${cpus().length} × ${cpus()[0]!.model}, Node ${process.version}`];
  if (torch) {
    lines.push(`PyTorch ${torch.version} (${torch.python})`);
    if (torch.productGigaflops < slowProduct) {
      lines.push(
        `Its matrix products make ${torch.productGigaflops} GFLOP/s: it runs on a reference BLAS, and the transformer row is ` +
          "not fair to it. Install OpenBLAS (Debian: libopenblas0-pthread), or name its folder in LD_LIBRARY_PATH.",
      );
    }
  } else if (against.includes("torch")) {
    lines.push("PyTorch was not found: pip install torch torchvision, or name a Python that has it: NORMWISE_PYTHON=…");
  }
  if (tfjs) lines.push(`TensorFlow.js ${tfjs.version}`);
  else if (against.includes("tfjs")) {
    lines.push(
      "TensorFlow.js was not found: npm install --no-save @tensorflow/tfjs, or name the node_modules that have it: NORMWISE_TFJS=…",
    );
  }
  return lines;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
