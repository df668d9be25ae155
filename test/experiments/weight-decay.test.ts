import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { embeddedDataset } from "../../src/data/files/index.js";
import { subset } from "../../src/data/index.js";
import {
  type Experiment,
  type ExperimentChoice,
  type ExperimentSummary,
  weightDecay,
} from "../../src/experiments/index.js";
import { type RunExperimentOptions, runExperiment } from "../../src/experiments/node/index.js";
import { Graph } from "../../src/graph/index.js";
import { groupParameters, parseSchedule, scheduleFactors } from "../../src/optim/index.js";
import { forward, groupsOf, networkOf, type RunConfig } from "../../src/train/index.js";

const names = ["decay-on", "decay-off", "paper-correction", "exact-schedule", "norm-schedule"];
const laptop: ExperimentChoice = { preset: "laptop", data: "embedded", threads: 1 };
const planOf = (choice: ExperimentChoice, seed = 1) => weightDecay.plan(choice, seed, (name) => `out/${name}`);
const configs = (choice: ExperimentChoice): RunConfig[] => planOf(choice).map(({ config }) => config);

describe.each([
  ["laptop", [0.5, 0.75], "step"],
  ["paper", [0.25, 0.5, 0.75], "epoch"],
] as const)("the plan of the preset %s", (preset, drops, granularity) => {
  const choice = { ...laptop, preset };
  const [on, off, correction, exact, norms] = configs(choice);

  it("is five runs, decay on first", () => {
    expect(planOf(choice).map(({ name }) => name)).toEqual(names);
  });

  it("records norms in every step with decay, for the two runs that follow them", () => {
    expect(on).toMatchObject({ measureEvery: 1, snapshots: true, control: { kind: "none" } });
    expect(off!.control).toEqual({ kind: "none" });
    expect(correction!.control).toEqual({ kind: "paper-correction", reference: "out/decay-on", cap: 100, granularity });
    expect(norms!.control).toEqual({ kind: "norm-schedule", reference: "out/decay-on", cap: 100, granularity: "step" });
    for (const config of [off, correction, exact, norms]) expect(config!.compareWith).toBe("out/decay-on");
  });

  it("differs in decay, control and records only", () => {
    const shared = configs(choice).map(
      ({ groups: _a, control: _b, measureEvery: _c, snapshots: _d, compareWith: _e, ...rest }) => rest,
    );
    for (const rest of shared) expect(rest).toEqual(shared[0]);
    for (const config of [correction, exact, norms]) expect(config!.groups).toEqual(off!.groups);
  });

  it("translates the decay that the first run has", () => {
    const own = on!.groups.find(({ match }) => match === "scale-invariant")?.weightDecay ?? on!.weightDecay;
    expect(exact!.control).toEqual({
      kind: "exact-schedule",
      fromWeightDecay: own,
      toWeightDecay: 0,
      followEpsilon: true,
    });
    expect(on!.learningRate * own).toBeLessThan((1 - Math.sqrt(on!.momentum)) ** 2); // such a schedule exists
  });

  it.each([undefined, 2, 7])("drops the rate by ten at the same parts of %s epochs", (override) => {
    const [config] = configs({ ...choice, ...(override === undefined ? {} : { epochs: override }) });
    const { epochs } = config!;
    expect(epochs).toBe(override ?? { laptop: 12, paper: 80 }[preset]);
    const perEpoch = 40;
    const factors = scheduleFactors(parseSchedule(config!.schedule), epochs * perEpoch, perEpoch);
    const changes = [...factors.keys()].filter((step) => step > 0 && factors[step] !== factors[step - 1]);
    expect(changes).toEqual(drops.map((part) => Math.round(part * epochs * perEpoch)));
    expect(factors.at(-1)).toBeCloseTo(0.1 ** drops.length, 12);
  });
});

describe("which parameters decay", () => {
  /** Weight decay of every parameter of a run's network, by layer and role. */
  function decays(config: RunConfig): Map<string, number> {
    const images = { shape: [1, 28, 28], pixels: "uint8", mean: [0], std: [1] } as const;
    const network = networkOf({ ...config, width: 1 / 64 }, 10);
    const { scope } = forward(new Graph(), { network, ...images }, 2, { training: true });
    const groups = groupParameters(scope.parameters, groupsOf(config));
    return new Map(
      groups.flatMap(({ parameters, weightDecay: own = config.weightDecay }) =>
        parameters.map(({ name, layer, scaleInvariance }) => {
          const kind = layer === "classifier" ? "last" : scaleInvariance === "none" ? "other" : "invariant";
          return [`${kind} ${name}`, own] as const;
        }),
      ),
    );
  }
  const only = (all: Map<string, number>, kind: string): number[] => [
    ...new Set([...all].flatMap(([name, decay]) => (name.startsWith(kind) ? decay : []))),
  ];

  it.each([
    ["laptop", { invariant: 0.025, other: 5e-4, last: 5e-4 }, { invariant: 0, other: 5e-4, last: 5e-4 }],
    ["paper", { invariant: 5e-4, other: 5e-4, last: 5e-4 }, { invariant: 0, other: 0, last: 5e-4 }],
  ] as const)("%s", (preset, on, off) => {
    for (const [index, expected] of [on, off, off, off, off].entries()) {
      const all = decays(configs({ ...laptop, preset })[index]!);
      expect(all.size).toBe(8 * 4 + 2); // weight, bias, γ and β of eight convolutions; the last layer
      for (const [kind, decay] of Object.entries(expected)) expect(only(all, kind)).toEqual([decay]);
    }
  });
});

describe("the runner", () => {
  const folder = mkdtempSync(join(tmpdir(), "normwise-experiment-"));
  const out = join(folder, "out");
  const data = join(folder, "data");
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const choice = { ...laptop, data, epochs: 2, images: 256 };

  /** The experiment, with a network and a validation split that take seconds. */
  const quick: Experiment = {
    ...weightDecay,
    plan: (...args) =>
      weightDecay.plan(...args).map((run) => ({ ...run, config: { ...run.config, width: 1 / 32, validation: 40 } })),
  };

  /** Runs it; tells what it gave, and which run took which steps. */
  async function start(options: Partial<RunExperimentOptions> = {}, changes: Partial<ExperimentChoice> = {}) {
    const steps: string[] = [];
    let current = "";
    const outcome = await runExperiment(
      quick,
      { ...choice, ...changes },
      {
        out,
        seeds: [3],
        command: "normwise reproduce weight-decay",
        ...options,
        onRun: ({ run, index }) => {
          current = run.name;
          expect(run.name).toBe(names[index]);
        },
        onStep: (event) => {
          steps.push(`${current} ${event.step}`);
          options.onStep?.(event);
        },
      },
    );
    return { outcome, steps };
  }

  beforeAll(async () => {
    mkdirSync(data);
    for (const [split, prefix, count] of [
      ["train", "train", 320],
      ["test", "t10k", 50],
    ] as const) {
      const { images, labels } = subset(await embeddedDataset(split), count);
      writeFileSync(join(data, `${prefix}-images-idx3-ubyte`), idx([count, 28, 28], images as Uint8Array));
      writeFileSync(join(data, `${prefix}-labels-idx1-ubyte`), idx([count], Uint8Array.from(labels)));
    }
  });

  const each = names.flatMap((name) => [1, 2, 3, 4].map((step) => `${name} ${step}`));

  it("stops at the signal, in the middle of the third run, with its step saved", async () => {
    const stop = new AbortController();
    let taken = 0;
    const onStep = (): void => (++taken === 11 ? stop.abort() : undefined);
    const { outcome, steps } = await start({ signal: stop.signal, onStep });
    expect(outcome).toBeUndefined();
    expect(steps).toEqual(each.slice(0, 11));
    expect(existsSync(join(out, "summary.json"))).toBe(false);
  });

  it("goes on from there to summary.json and report.html", async () => {
    const { outcome, steps } = await start();
    expect(steps).toEqual(each.slice(11));
    const summary = JSON.parse(readFileSync(join(out, "summary.json"), "utf8")) as ExperimentSummary;
    expect(summary).toEqual(outcome!.summary);
    expect(Object.keys(summary)).toEqual(["preset", "model", "data", "seeds", "runs"]);
    expect(summary).toMatchObject({ preset: "laptop", model: "vgg11, width 0.03125", seeds: [3] });
    expect(summary.runs.map(({ name, seed }) => [name, seed])).toEqual(names.map((name) => [name, 3]));
    for (const run of summary.runs) {
      expect(Object.keys(run).sort()).toEqual(
        "cappedChannels imagesPerSecond name seed testAccuracy trainLoss validationAccuracy".split(" "),
      );
      expect(run.validationAccuracy).toHaveLength(2);
      expect(run.trainLoss).toHaveLength(2);
      for (const accuracy of [run.testAccuracy, ...run.validationAccuracy]) {
        expect(accuracy).toBeGreaterThanOrEqual(0);
        expect(accuracy).toBeLessThanOrEqual(100);
      }
      expect(run.testAccuracy! % 2).toBeCloseTo(0, 9); // per cent of 50 images
      expect(run.imagesPerSecond).toBeGreaterThan(0);
    }
    // The same weights and batches: after two steps the runs have hardly parted.
    const losses = summary.runs.map(({ trainLoss }) => trainLoss[0]!);
    expect(Math.max(...losses) - Math.min(...losses)).toBeLessThan(0.05);
    const report = readFileSync(join(out, "report.html"), "utf8");
    const labels = planOf(choice).map(({ label }) => label.replace(/'.*/, "")); // how quotes are escaped is the page's
    expect(labels.filter((label) => !report.includes(label))).toEqual([]);
    expect(/(src|href)="https?:[^"]*\.(js|css)"/.test(report)).toBe(false);
  });

  it("called again, trains nothing and writes the same", async () => {
    const files = ["summary.json", "report.html"].map((name) => join(out, name));
    const before = files.map((file) => readFileSync(file, "utf8"));
    const { outcome, steps } = await start();
    expect(steps).toEqual([]);
    expect(outcome).toBeDefined();
    expect(files.map((file) => readFileSync(file, "utf8"))).toEqual(before);
  });

  it("does not take the runs of other options for its own", async () => {
    await expect(start({}, { epochs: 3 })).rejects.toThrow(
      /decay-on: expected the run's own options \(epochs 2, .*got epochs 3/,
    );
  });

  it("leaves nothing behind when there is no data", async () => {
    const nowhere = join(folder, "nowhere");
    await expect(start({ out: nowhere }, { data: nowhere })).rejects.toThrow(/nowhere/);
    expect(existsSync(nowhere)).toBe(false);
  });
});

/** An IDX file of bytes. */
function idx(shape: readonly number[], bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(0x0800 + shape.length);
  for (const [axis, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * axis);
  return Buffer.concat([header, bytes]);
}
