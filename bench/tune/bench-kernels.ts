import { blockedOp } from "../../src/onnx/lower/blocked/context.js";
import type { Found } from "../engines.js";
import type { BenchOptions } from "../options.js";
import { filterKernels } from "./filters.js";
import { inputGradientKernels } from "./input-gradient.js";
import { type Kernel, loadKernel, timeKernels } from "./kernel.js";
import { poolingKernels } from "./pooling.js";
import { smallMapKernels } from "./small-maps.js";
import { type TunedRow, tuneWeightGradients } from "./weight-gradients.js";

/** Kernels that are compared by their times alone. */
const kernelsOf: Readonly<Record<string, (block: number) => readonly Kernel[]>> = {
  "input gradients": inputGradientKernels,
  "small maps": smallMapKernels,
  pooling: poolingKernels,
  filters: filterKernels,
};

/** A kernel's time. */
interface TimedKernel {
  readonly kernel: string;
  readonly threads: number;
  readonly milliseconds: number;
}

/** Measures the formulations of our kernels: what the costs of the blocked lowering were fitted to. */
export async function benchKernels(
  { threads, rounds }: BenchOptions,
  _found: Found,
  say: (line: string) => void,
): Promise<{ readonly weightGradients: readonly TunedRow[]; readonly kernels: readonly TimedKernel[] }> {
  const block = await blockOfMachine();
  const weightGradients = await tuneWeightGradients({ threads, rounds, block }, say);
  const kernels: TimedKernel[] = [];
  for (const count of threads) {
    for (const [title, kernelsFor] of Object.entries(kernelsOf)) {
      say(`${title}, ${count} thread${count === 1 ? "" : "s"}: ms`);
      const times = await timeKernels(kernelsFor(block), count, { rounds, ofProcessor: count === 1 });
      for (const [kernel, milliseconds] of times) {
        say(`  ${kernel.padEnd(70)}${milliseconds.toFixed(2).padStart(8)}`);
        kernels.push({ kernel, threads: count, milliseconds });
      }
    }
  }
  return { weightGradients, kernels };
}

/** To how many channels this machine rounds four up. */
async function blockOfMachine(): Promise<number> {
  const kernel: Kernel = {
    name: "block",
    inputs: { x: [1, 4, 1, 1] },
    build: (emit) => [blockedOp({ emit, block: 0 }, "ReorderInput", ["x"])],
  };
  const loaded = await loadKernel(kernel, 1, { whole: true });
  const [reordered] = await loaded.results();
  await loaded.close();
  return reordered!.length;
}
