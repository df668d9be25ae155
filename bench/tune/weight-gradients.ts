import { sweep } from "../../src/graph/index.js";
import { type BlockedContext, blockedShape } from "../../src/onnx/lower/blocked/context.js";
import { convert } from "../../src/onnx/lower/blocked/layout/conversion.js";
import { operationsOf } from "../../src/onnx/lower/blocked/weight-gradient/formulation.js";
import {
  type WeightGradientProblem,
  weightGradientFormulations,
} from "../../src/onnx/lower/blocked/weight-gradient/index.js";
import { portableRules } from "../../src/onnx/lower/portable/index.js";
import { type Kernel, timeKernels } from "./kernel.js";

/** A square convolution: batch, channels, filters, height of the map, kernel and stride; padded to keep the map's size. */
type Row = readonly [n: number, c: number, k: number, map: number, kernel?: number, stride?: number];

/** The convolutions of the benchmark's networks. */
const networks: Readonly<Record<string, readonly Row[]>> = {
  resnet20: [
    [128, 3, 16, 32],
    [128, 16, 16, 32],
    [128, 16, 32, 32, 3, 2],
    [128, 32, 32, 16],
    [128, 32, 64, 16, 3, 2],
    [128, 64, 64, 8],
  ],
  vgg11: [
    [128, 3, 64, 32],
    [128, 64, 128, 16],
    [128, 128, 256, 8],
    [128, 256, 256, 8],
    [128, 256, 512, 4],
    [128, 512, 512, 4],
    [128, 512, 512, 2],
  ],
  resnet18: [
    [64, 64, 64, 32],
    [64, 64, 128, 32, 3, 2],
    [64, 64, 128, 32, 1, 2],
    [64, 128, 128, 16],
    [64, 128, 256, 16, 3, 2],
    [64, 256, 256, 8],
    [64, 256, 512, 8, 1, 2],
    [64, 512, 512, 4],
  ],
  resnet50: [
    [8, 3, 64, 224, 7, 2],
    [8, 64, 64, 56, 1],
    [8, 64, 64, 56],
    [8, 64, 256, 56, 1],
    [8, 256, 64, 56, 1],
    [8, 128, 128, 56, 3, 2],
    [8, 256, 512, 56, 1, 2],
    [8, 512, 128, 28, 1],
    [8, 256, 256, 14],
    [8, 256, 1024, 14, 1],
    [8, 512, 512, 7],
    [8, 2048, 512, 7, 1],
  ],
};

/** Options of {@link tuneWeightGradients}. */
export interface TuneOptions {
  /** How many threads, one table each. */
  readonly threads: readonly number[];
  readonly rounds: number;
  /** Channels of a block on this machine. */
  readonly block: number;
  /** Networks whose convolutions are measured; all by default. */
  readonly networks?: readonly string[];
}

/** A formulation's time for a convolution. */
export interface TunedRow {
  readonly network: string;
  readonly convolution: string;
  readonly formulation: string;
  readonly threads: number;
  readonly milliseconds: number;
  /** What the model expects on one thread; absent for the portable rule. */
  readonly expected?: number;
}

/**
 * Measures each formulation of the weight gradients of the benchmark's networks, from blocked tensors and with all that is
 * moved, beside what the cost model expects on one thread. The fastest has a star, the one that the model chooses a dot.
 * With one thread it is processor time.
 */
export async function tuneWeightGradients(
  { threads, rounds, block, networks: wanted = Object.keys(networks) }: TuneOptions,
  say: (line: string) => void,
): Promise<TunedRow[]> {
  const found: TunedRow[] = [];
  for (const count of threads) {
    say(`weight gradients, ${count} thread${count === 1 ? "" : "s"}${" ".repeat(12)}ms   model GFLOP/s`);
    for (const network of wanted) {
      for (const row of networks[network] ?? [])
        found.push(...(await tuneRow(network, row, count, block, rounds, say)));
    }
  }
  return found;
}

async function tuneRow(
  network: string,
  row: Row,
  threads: number,
  block: number,
  rounds: number,
  say: (line: string) => void,
): Promise<TunedRow[]> {
  const problem = problemOf(row);
  const { kernels, costs } = kernelsOf(problem, block);
  const times = await timeKernels(kernels, threads, { rounds, ofProcessor: threads === 1 });
  const fastest = Math.min(...times.values());
  const chosen = Math.min(...costs.values());
  const [n, c, k, map, size = 3, stride = 1] = row;
  const convolution = `${n} × [${c} → ${k}, ${map}×${map}], ${size}×${size}${stride > 1 ? `, stride ${stride}` : ""}`;
  say(`${network}: ${convolution}`);
  for (const [name, time] of times) {
    const cost = costs.get(name);
    const marks = `${time === fastest ? "*" : " "}${cost === chosen ? "·" : " "}`;
    const model = cost === undefined ? "" : cost.toFixed(2);
    const rate = (operationsOf(problem) / time / 1e6).toFixed(0);
    say(`  ${marks} ${name.padEnd(16)}${time.toFixed(2).padStart(14)}${model.padStart(8)}${rate.padStart(6)}`);
  }
  return [...times].map(([formulation, milliseconds]) => {
    const expected = costs.get(formulation);
    const timed = { network, convolution, formulation, threads, milliseconds };
    return expected === undefined ? timed : { ...timed, expected };
  });
}

function problemOf([n, c, k, map, size = 3, stride = 1]: Row): WeightGradientProblem {
  const side = Math.floor(size / 2);
  const window = { stride: [stride, stride], padding: [side, side, side, side], dilation: [1, 1] } as const;
  const weightShape = [k, c, size, size];
  const xShape = [n, c, map, map];
  const maps = sweep("tune", xShape.slice(2), weightShape.slice(2), window);
  return { xShape, dyShape: [n, k, ...maps], params: { ...window, groups: 1, weightShape } };
}

/** Every formulation from blocked operands (of RGB images, x is plain), and the portable rule with conversions. */
function kernelsOf(
  problem: WeightGradientProblem,
  block: number,
): { readonly kernels: readonly Kernel[]; readonly costs: ReadonlyMap<string, number> } {
  const { xShape, dyShape, params } = problem;
  const xLayout = xShape[1]! < block ? "plain" : "blocked";
  const channels = { block } as BlockedContext;
  const inputs = {
    x: xLayout === "plain" ? xShape : blockedShape(channels, xShape),
    dy: blockedShape(channels, dyShape),
  };
  const formulations = weightGradientFormulations(problem, block).filter(({ operands }) => operands[0] === xLayout);
  const kernels: Kernel[] = formulations.map(({ name, emit: emitBy }) => ({
    name,
    inputs,
    build: (emit) => [emitBy({ emit, block }, "x", "dy")],
  }));
  kernels.push({
    name: "portable",
    inputs,
    build: (emit) => [
      portableRules.conv2dWeightGradient({
        emit,
        inputs: [
          convert({ emit, block }, "x", xShape, xLayout, "plain"),
          convert({ emit, block }, "dy", dyShape, "blocked", "plain"),
        ],
        types: [xShape, dyShape].map((shape) => ({ shape, dtype: "float32" })),
        output: { shape: params.weightShape, dtype: "float32" },
        params,
      } as never),
    ],
  });
  return { kernels, costs: new Map(formulations.map(({ name, cost }) => [name, cost])) };
}
