import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, runCommand } from "citty";
import { afterAll, describe, expect, test, vi } from "vitest";
import { answer, equivalentCommand } from "../../src/cli/equivalent.js";
import { type EquivalentArguments, equivalentOptions } from "../../src/cli/equivalent-options.js";
import { translateSchedule } from "../../src/dynamics/index.js";
import { encodeNormSegment } from "../../src/io/index.js";

const folder = mkdtempSync(join(tmpdir(), "normwise-equivalent-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file in the test's folder. */
function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const ask = (command: string) =>
  answer(parseArgs(command.split(" "), equivalentOptions) as unknown as EquivalentArguments, command.split(" "));
const json = (command: string) => JSON.parse(ask(command).stdout);
const closeTo = (got: ArrayLike<number>, expected: ArrayLike<number>, relative: number): void => {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < got.length; i++) {
    expect(Math.abs(got[i]! - expected[i]!)).toBeLessThanOrEqual(relative * Math.abs(expected[i]!));
  }
};

describe("a schedule from a file", () => {
  const there = "--lr 0.1 --weight-decay 5e-3 --steps 2000 --schedule warmup:100+cosine";
  const rates = json(`${there} --to-weight-decay 5e-3`).learningRate;

  test.each(["json", "csv"])("what was printed as %s goes back to the original, rescalings undone", (format) => {
    const printed = ask(`${there} --rescale-below 0.5 --format ${format}`);
    expect(printed.stderr).toMatch(/rescaling/);
    const path = file(`printed.${format}`, printed.stdout);
    const back = json(`--schedule-file ${path} --weight-decay 0 --to-weight-decay 5e-3`);
    closeTo(back.learningRate, rates, 1e-9);
    expect(back.schedule).toBe(path);
    // JSON says the decay that it was translated to.
    if (format === "json") expect(json(`--schedule-file ${path} --to-weight-decay 5e-3`)).toEqual(back);
  });

  test("may be cut short, and is drawn in Python as a list", () => {
    const path = file("rates.csv", "0.1\n0.2\n0.3\n");
    expect(json(`--schedule-file ${path} --weight-decay 0.01 --steps 2`).learningRate).toHaveLength(2);
    expect(ask(`--schedule-file ${path} --weight-decay 0.01 --format pytorch`).stdout).toContain("1 * [0.1, 0.2, 0.3]");
  });

  test.each([
    ["--lr 0.1", /--schedule-file: expected no --lr, as the file has the rates, got 0\.1/],
    ["--schedule cosine", /no --schedule, as the file has the rates, got cosine/],
    ["--steps 4", /--steps: expected at most the 3 steps of .*rates\.csv, got 4/],
  ])("not with %s", (extra, message) => {
    const path = file("rates.csv", "0.1\n0.2\n0.3\n");
    expect(() => ask(`--schedule-file ${path} --weight-decay 0.01 ${extra}`)).toThrow(message);
  });

  test("wrong files are named, with the line", () => {
    expect(() => ask(`--schedule-file ${folder}/none.csv --weight-decay 0`)).toThrow(
      /none\.csv: expected a readable file/,
    );
    expect(() => ask(`--schedule-file ${file("bad.csv", "0.1\nx\n")} --weight-decay 0`)).toThrow(/line 2: .*got x/);
    expect(() => ask(`--schedule-file ${file("rates.csv", "0.1\n")}`)).toThrow(
      /--weight-decay: expected the decay to translate from/,
    );
  });
});

describe("rates wanted", () => {
  const path = file("grown.csv", ask("--lr 0.1 --weight-decay 5e-4 --steps 1000 --format csv").stdout);

  test("the decay that growth came from is found, step by step", () => {
    const { learningRate, toWeightDecay, exact, simulation } = json(
      `--schedule-file ${path} --weight-decay 0 --to-lr 0.1`,
    );
    expect(new Set(learningRate)).toEqual(new Set([0.1]));
    closeTo(toWeightDecay, new Array(1000).fill(5e-4), 1e-6);
    expect(exact).toBe(true);
    expect(simulation.translated.largestAngle).toBeLessThan(1e-12);
    expect(simulation.untranslated.largestAngle).toBeGreaterThan(0.01);
    const csv = ask(`--schedule-file ${path} --weight-decay 0 --to-lr 0.1 --format csv`).stdout;
    expect(csv).toMatch(/^step,learning_rate,translated_learning_rate,norm_ratio,weight_decay\n/);
    // And the decays go back, as a file.
    const decays = file("decays.csv", csv);
    closeTo(
      json(`--schedule-file ${decays}`).learningRate,
      json("--lr 0.1 --weight-decay 5e-4 --steps 1000").learningRate,
      1e-9,
    );
  });

  test("from a start that has to be rescaled, which is said", () => {
    const growing = "--schedule-file test/goldens/equivalent/growing.csv --weight-decay 0.005 --to-lr 0.1";
    expect(ask(growing).stderr).toMatch(/before the first step, divide the scale-invariant weights by 0\.706/);
    expect(json(growing).rescaleEvents).toHaveLength(1);
    expect(json(growing).toWeightDecay).toHaveLength(120);
  });

  test("by norms, where no decay will do", () => {
    const drop = "--lr 0.1 --weight-decay 5e-4 --steps 30 --schedule steps:10 --to-lr 0.1";
    expect(() => ask(drop)).toThrow(/step 11: .*only a negative decay would.*--by norms/);
    const { learningRate, rescaleEvents, toWeightDecay, simulation } = json(`${drop} --by norms`);
    expect(new Set(learningRate)).toEqual(new Set([0.1]));
    expect(toWeightDecay).toBe(0);
    expect(rescaleEvents[10].factor).toBeCloseTo(Math.sqrt(0.1), 3);
    expect(simulation.translated.largestAngle).toBeLessThan(1e-12);
  });

  test("a schedule of them", () => {
    const same = json("--lr 0.1 --weight-decay 5e-4 --steps 30 --schedule steps:10 --to-lr 0.1 --to-schedule steps:10");
    closeTo(same.toWeightDecay, new Array(30).fill(5e-4), 1e-10);
  });

  const usual = "--lr 0.1 --weight-decay 5e-4 --steps 30";
  test.each([
    ["--to-lr 0", /--to-lr: expected a rate > 0, got 0/],
    ["--to-lr 0.1 --by luck", /--by: expected decay or norms, got luck/],
    ["--to-lr 0.1 --to-weight-decay 0.1", /--to-weight-decay: expected no --to-lr beside it/],
    ["--to-lr 0.1 --to-schedule stairs", /got stairs/],
    ["--to-schedule cosine", /--to-schedule: expected --to-lr beside it/],
    ["--by norms", /--by: expected --to-lr beside it/],
  ])("%s is refused", (extra, message) => {
    expect(() => ask(`${usual} ${extra}`)).toThrow(message);
  });
});

describe("tables", () => {
  const usual = "--lr 0.1 --weight-decay 5e-4";

  test("of equal trainings: the same product, time scale and rotation, other norms", () => {
    const { rows, notes } = json(`${usual} --sweep-weight-decay 1e-4,5e-4,1e-3 --steps-per-epoch 391 --format json`);
    expect(rows.map((row: { weightDecay: number }) => row.weightDecay)).toEqual([5e-4, 1e-4, 1e-3]);
    rows.forEach((row: Record<string, number>, i: number) => {
      expect(row.learningRate! * row.weightDecay!).toBeCloseTo(5e-5, 15);
      expect(row.timeScaleSteps).toBeCloseTo(0.1 / (4 * 5e-5), 6);
      expect(row.timeScaleEpochs).toBeCloseTo(500 / 391, 6);
      expect(row.rotation).toBeCloseTo(Math.sqrt((2 * 5e-5) / 1.9), 10);
      expect(row.norm).toBeCloseTo([1, Math.sqrt(5), Math.sqrt(0.5)][i]!, 10);
    });
    expect(notes.join(" ")).toMatch(/initial weights multiplied by norm/);
    const text = ask(`${usual} --sweep-weight-decay 1e-4`).stdout;
    expect(text).toMatch(/^weight decay +learning rate/);
    expect(text).not.toMatch(/epochs/);
    expect(ask(`${usual} --sweep-weight-decay 1e-4 --format csv`).stdout).toMatch(/^weight_decay,.*\n0\.0005,0\.1,/);
  });

  test.each([
    ["sgd", 4, 1],
    ["adamw", 2, 2],
  ])("of another batch size, %s", (optimizer, rate, decay) => {
    const { rows } = json(`${usual} --optimizer ${optimizer} --batch 128 --to-batch 512 --format json`);
    expect(rows[1].learningRate / 0.1).toBeCloseTo(rate, 10);
    expect(rows[1].weightDecay / 5e-4).toBeCloseTo(decay, 10);
    expect(rows[1].rotationPerExample / rows[0].rotationPerExample).toBeCloseTo(1, 10);
  });

  test.each([
    ["--sweep-weight-decay 1e-4,x", /--sweep-weight-decay: expected decays > 0, got x/],
    ["--sweep-weight-decay 0", /decays > 0, got 0/],
    ["--sweep-weight-decay 1e-4 --format pytorch", /--format: expected text, json or csv for a table, got pytorch/],
    ["--sweep-weight-decay 1e-4 --to-lr 0.1", /no --to-lr beside it/],
    ["--sweep-weight-decay 1e-4 --batch 3 --to-batch 4", /one of --sweep-weight-decay, --to-batch and --norms/],
    ["--batch 128", /--batch: expected --to-batch, the wanted batch size, beside it/],
    ["--to-batch 128", /--to-batch: expected --batch, the batch size of the run, beside it/],
    ["--batch 128 --to-batch 0", /--to-batch: expected a positive integer, got 0/],
  ])("%s is refused", (extra, message) => {
    expect(() => ask(`${usual} ${extra}`)).toThrow(message);
  });

  test("need a rate and a decay", () => {
    expect(() => ask("--weight-decay 5e-4 --sweep-weight-decay 1e-4")).toThrow(/--lr beside it/);
    expect(() => ask("--lr 0.1 --weight-decay 0 --sweep-weight-decay 1e-4")).toThrow(
      /--weight-decay: expected a positive number/,
    );
  });
});

describe("the error of what is approximate", () => {
  test.each(["nesterov", "adamw"])("%s: in JSON and on stderr", (optimizer) => {
    const command = `--lr 0.05 --weight-decay 0.005 --steps 500 --optimizer ${optimizer}`;
    const { simulation } = json(command);
    expect(simulation.translated.largestAngle).toBeGreaterThan(1e-6);
    expect(simulation.translated.largestAngle).toBeLessThan(simulation.untranslated.largestAngle);
    const said = ask(`${command} --format csv`).stderr;
    expect(said).toContain(`at most ${simulation.translated.largestAngle.toPrecision(2)} rad`);
    expect(said).toContain(`without the translation ${simulation.untranslated.largestAngle.toPrecision(2)} rad`);
  });

  test("a long schedule is tried out on its first steps, which is said", () => {
    expect(ask("--lr 0.05 --weight-decay 0.005 --steps 6000 --optimizer nesterov --format csv").stderr).toMatch(
      /the first 5000 steps/,
    );
  });
});

describe("charts", () => {
  const usual = "--lr 0.1 --weight-decay 5e-4 --steps 300 --schedule cosine";

  test("in the terminal, in place of the schedule or beside it", () => {
    const alone = ask(`${usual} --plot`);
    expect(alone.stdout).toMatch(/learning rate, translated {3}\(log axis\)\n[\s\S]*Norm over the original's/);
    expect(alone.stdout).toMatch(/[\u2801-\u28ff]/);
    expect(alone.stderr).toBe("");
    const beside = ask(`${usual} --plot --format csv`);
    expect(beside.stdout).toMatch(/^step,/);
    expect(beside.stderr).toBe(alone.stdout);
  });

  test("as a page that asks the network for nothing", async () => {
    const path = join(folder, "page.html");
    const written = vi.spyOn(process.stdout, "write").mockImplementation(() => true);
    const said = vi.spyOn(process.stderr, "write").mockImplementation(() => true);
    try {
      await runCommand(equivalentCommand, { rawArgs: [...usual.split(" "), "--html", path, "--format", "csv"] });
      expect(said).toHaveBeenCalledWith(`page: ${path}\n`);
    } finally {
      written.mockRestore();
      said.mockRestore();
    }
    const page = readFileSync(path, "utf8");
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/(src|href)="https?:/);
    const data = JSON.parse(/id="data">(.*?)<\/script>/.exec(page)![1]!);
    expect(data.position).toBe("step");
    const rate = data.panels[0].charts[0].views[0];
    const { learningRate } = translateSchedule({
      rates: json(`${usual} --to-weight-decay 5e-4`).learningRate,
      weightDecay: 5e-4,
    });
    closeTo(rate.lines[1].y, learningRate, 1e-4);
    expect(page).toContain(`normwise equivalent ${usual} --html`);
  });
});

describe("rates from recorded norms", () => {
  const norms = file("norms.csv", "step,layer,norm\n0,a,2\n0,a,2\n0,a,9\n0,b,1\n2,a,1\n2,b,1\n");
  const usual = "--lr 0.1 --steps 3";

  test("without rotations: for weights held at their norm; the mean is geometric", () => {
    const { basis, assumes, learningRate, layers } = json(`${usual} --norms ${norms}`);
    expect([basis, layers[0].layer, layers[1].layer]).toEqual(["held", "a", "b"]);
    expect(assumes).toMatch(/held/);
    closeTo(layers[0].learningRate, [0.1, 0.2, 0.4], 1e-12);
    closeTo(layers[1].learningRate, [0.1, 0.1, 0.1], 1e-12);
    closeTo(learningRate, [0.1, 0.1 * Math.SQRT2, 0.2], 1e-12);
  });

  test("with a run without decay: the paper's correction, and how far it is from the exact rates", () => {
    const without = file("without.csv", "layer,step,norm\na,0,2\na,2,4\nb,0,1\nb,2,1\n");
    const result = json(`${usual} --norms ${norms} --norms-without ${without} --weight-decay 0.01`);
    closeTo(result.layers[0].learningRate, [0.1, 0.4, 1.6], 1e-12);
    expect(result.layers[0].apart.final).toBeCloseTo(1.6 / result.exactLearningRate[2], 10);
    const { stdout, stderr } = ask(
      `${usual} --norms ${norms} --norms-without ${without} --weight-decay 0.01 --format csv`,
    );
    expect(stdout).toMatch(/^step,learning_rate,estimated_learning_rate,exact_learning_rate,a,b\n0,0\.1,/);
    expect(stderr).toMatch(/from the exact rates, which need no norms, it is apart by a factor of at most/);
  });

  test("of a run folder, which says rate, schedule, decay and momentum too", () => {
    const run = join(folder, "run");
    mkdirSync(run);
    const config = {
      model: "vgg11",
      learningRate: 0.2,
      schedule: "steps:1e",
      weightDecay: 0.001,
      momentum: 0.8,
      epochs: 2,
    };
    file("run/run.json", JSON.stringify({ config }));
    file("run/metrics.jsonl", '{"type":"epoch","epoch":1,"step":50}\n');
    const rows = Array.from({ length: 10 }, (_, i) => ({
      ...{ layer: "conv", step: 1 + 10 * i },
      ...{ norm: Float32Array.of(1, 2, 50), rotation: Float32Array.of(0.01, 0.02, 0.5) },
    }));
    writeFileSync(join(run, "norms-00000000.arrow"), encodeNormSegment(rows));

    const exact = json(`--from-run ${run}`);
    expect(exact).toMatchObject({ optimizer: "sgd", momentum: 0.8, weightDecay: 0.001, schedule: "steps:1e" });
    expect(exact.learningRate).toHaveLength(100);
    expect(json(`--from-run ${run} --weight-decay 0`).learningRate[0]).toBe(0.2); // what is given counts

    const { basis, learningRate, exactLearningRate } = json(`--from-run ${run} --norms ${run}`);
    expect(basis).toBe("grown");
    expect(exactLearningRate).toEqual(exact.learningRate);
    // The median norm stays 2, and its logarithm would have grown by θ²(1 + μ)/(1 − μ)/2 a step.
    expect(Math.log(learningRate[40] / 0.2)).toBeCloseTo(40 * 0.02 ** 2 * (1.8 / 0.2), 6);
    expect(ask(`--from-run ${run} --norms ${run} --plot`).stdout).toMatch(/learning rate, estimated/);

    file("run/run.json", JSON.stringify({ config: { ...config, optimizer: "adam" } }));
    expect(() => ask(`--from-run ${run}`)).toThrow(/SGD, or Adam with decoupled decay, got coupled decay in adam/);
  });

  test.each([
    [`--norms ${folder}/none.csv`, /none\.csv: expected a readable file/],
    [
      `--norms ${file("headless.csv", "1,2,3\n")}`,
      /headless\.csv: expected a header with step, layer and norm, got 1,2,3/,
    ],
    [`--norms ${file("empty.csv", "step,layer,norm\n")}`, /rows below the header, got none/],
    [`--norms ${file("zero.csv", "step,layer,norm\n0,a,0\n")}`, /zero\.csv, line 2: expected a norm > 0, got 0/],
    [`--norms ${file("odd.csv", "step,layer,norm\nx,a,1\n")}`, /odd\.csv, line 2: expected a step ≥ 0, got x/],
    [
      `--norms ${norms} --norms-without ${file("c.csv", "step,layer,norm\n0,c,1\n")}`,
      /--norms-without: expected the layer a too, got c/,
    ],
    [`--norms-without ${norms}`, /--norms-without: expected --norms, of the run with decay, beside it/],
    [`--norms ${norms} --format pytorch`, /--format: expected json or csv for an estimate, got pytorch/],
    [`--norms ${norms} --to-lr 1`, /--norms: expected no --to-lr beside it/],
    [`--from-run ${folder}/none`, /none/],
  ])("%s is refused", (extra, message) => {
    expect(() => ask(`${usual} ${extra}`)).toThrow(message);
  });
});

describe("optax: the printed source, run on NumPy by test/goldens/equivalent/optax/check.py", () => {
  const at = new URL("../goldens/equivalent/optax/", import.meta.url);
  const commands: Readonly<Record<string, string>> = JSON.parse(readFileSync(new URL("commands.json", at), "utf8"));
  const { runs } = JSON.parse(readFileSync(new URL("golden.json", at), "utf8"));

  test.each(Object.entries(commands))(
    "%s: is what the command prints, and takes the steps that json describes",
    async (name, command) => {
      const { stdout } = ask(`${command} --format optax`);
      await expect(stdout).toMatchFileSnapshot(new URL(`${name}.py`, at).pathname);
      const run = runs[name];
      expect(run.source).toBe(createHash("sha256").update(stdout).digest("hex"));
      const { learningRate, normRatio, exact, simulation } = json(command);
      closeTo(run.learningRate, learningRate, 1e-11);
      if (exact) {
        expect(run.largestAngle).toBeLessThan(1e-14);
        expect(run.finalNormRatio / normRatio.at(-1)).toBeCloseTo(1, 12);
      } else {
        // What the simulation estimates on its own problem is of the size of what is seen on this one.
        expect(run.largestAngle).toBeLessThan(20 * simulation.translated.largestAngle);
        expect(run.largestAngle).toBeGreaterThan(simulation.translated.largestAngle / 20);
      }
    },
  );

  test("a decay for each step of the original is refused: the other parameters would need it", () => {
    const path = file("both.csv", "lr,weight_decay\n0.1,0.01\n0.1,0.02\n");
    expect(() => ask(`--schedule-file ${path} --format optax`)).toThrow(/--format optax: expected one original decay/);
    expect(ask(`--schedule-file ${path} --format pytorch`).stdout).toContain("WEIGHT_DECAY = [0.01, 0.02]");
  });
});
