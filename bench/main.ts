import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { type Engine, findPython } from "./engines.js";
import { measure, median, pairedRatio, type Timing } from "./rounds.js";

const usage = `npm run bench -- [options]
  --models vgg11,resnet20   which networks
  --threads 1,2             how many threads, one table part each
  --batch 128               images per step
  --rounds 7                turns of each engine; medians are printed
  --against torch|none      what to compare with, if it is installed
  --json                    only JSON`;

/** A line of the result: images/s of a training step. */
interface Row {
  readonly model: string;
  readonly threads: number;
  readonly engine: Engine;
  readonly imagesPerSecond: number;
  /** Slowest and fastest round. */
  readonly range: readonly [number, number];
  readonly peakMegabytes: number;
  readonly ratioToTorch?: number;
}

/** What measuring norms and rotations in every step costs: time with, divided by time without. */
interface MeasuringCost {
  readonly model: string;
  readonly threads: number;
  readonly timeRatio: number;
}

const torchEngines: readonly Engine[] = ["torch", "torch-channels-last"];

const { values: options } = parseArgs({
  options: {
    models: { type: "string", default: "vgg11,resnet20" },
    threads: { type: "string", default: "1,2" },
    batch: { type: "string", default: "128" },
    rounds: { type: "string", default: "7" },
    against: { type: "string", default: "torch" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

async function bench(): Promise<void> {
  const models = options.models.split(",");
  const unknown = models.find((model) => model !== "vgg11" && model !== "resnet20");
  if (unknown !== undefined) throw new Error(`--models: expected vgg11 or resnet20, got ${unknown}`);
  if (options.against !== "torch" && options.against !== "none") {
    throw new Error(`--against: expected torch or none, got ${options.against}`);
  }
  const threadCounts = options.threads.split(",").map((text) => positive("--threads", text));
  const batch = positive("--batch", options.batch);
  const rounds = positive("--rounds", options.rounds);

  const found = options.against === "torch" ? await findPython() : undefined;
  const say = (text: string): void => {
    if (!options.json) console.log(text);
  };
  if (found) say(`PyTorch ${found.torch} (${found.python}); batch ${batch}, medians of ${rounds} interleaved rounds`);
  else if (options.against === "torch") {
    say(
      "PyTorch was not found, so there is nothing to compare with: pip install torch, or name a Python that has it: NORMWISE_PYTHON=…",
    );
  }
  const load = loadavg()[0]!;
  if (load > 0.5)
    say(
      `The machine is busy (load ${load.toFixed(1)} on ${availableParallelism()} cores): take no number below for exact.`,
    );
  const engines: Engine[] = ["normwise", "normwise-measuring", ...(found ? torchEngines : [])];

  const rows: Row[] = [];
  const measuring: MeasuringCost[] = [];
  say(`${"model".padEnd(10)}threads  ${"engine".padEnd(22)}images/s   (range)        ratio to torch   peak MB`);
  for (const model of models) {
    for (const threads of threadCounts) {
      const timings = await measure({ model, threads, batch, rounds, engines, python: found?.python });
      const of = (engine: Engine): Timing | undefined => timings.find((timing) => timing.engine === engine);
      for (const timing of timings.filter(({ engine }) => engine !== "normwise-measuring")) {
        const row = rowOf(model, threads, timing, of("torch"));
        rows.push(row);
        say(line(row));
      }
      const timeRatio = pairedRatio(of("normwise")!, of("normwise-measuring")!);
      measuring.push({ model, threads, timeRatio });
      say(`${model.padEnd(10)}${threads}        measuring norms in every step: ${percent(timeRatio - 1)} more time`);
    }
  }
  if (options.json) console.log(JSON.stringify({ torch: found?.torch, batch, rounds, rows, measuring }));
}

function rowOf(model: string, threads: number, timing: Timing, torch: Timing | undefined): Row {
  const { engine, rates } = timing;
  return {
    model,
    threads,
    engine,
    imagesPerSecond: rounded(median(rates), 1),
    range: [rounded(Math.min(...rates), 1), rounded(Math.max(...rates), 1)],
    peakMegabytes: Math.round(timing.peakMegabytes),
    ...(torch ? { ratioToTorch: rounded(pairedRatio(timing, torch), 3) } : {}),
  };
}

function line({ model, threads, engine, imagesPerSecond, range, ratioToTorch, peakMegabytes }: Row): string {
  const spread = `(${range[0].toFixed(0)}–${range[1].toFixed(0)})`;
  const ratio = ratioToTorch === undefined ? "" : ratioToTorch.toFixed(2);
  return (
    `${model.padEnd(10)}${String(threads).padEnd(9)}${engine.padEnd(22)}` +
    `${imagesPerSecond.toFixed(1).padStart(8)}   ${spread.padEnd(15)}${ratio.padStart(8)}${String(peakMegabytes).padStart(16)}`
  );
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name}: expected a positive integer, got ${text}`);
  return value;
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

try {
  if (options.help) console.log(usage);
  else await bench();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
