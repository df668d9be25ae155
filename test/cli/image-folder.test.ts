import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "@cwasm/lodepng";
import { afterAll, beforeAll, expect, test } from "vitest";
import { randomStream } from "../../src/core/index.js";

// Training, evaluating and resuming on pictures in class folders, as a person would.

const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "normwise-images-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function normwise(...args: readonly string[]): Promise<{ code: number; out: string; errors: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { cwd: folder }, (error, out, errors) =>
      resolve({ code: error ? Number(error.code) : 0, out, errors }),
    );
  });
}

/** Stripes that lie (class 0) or stand (class 1), in some color and size; noise over them. */
function stripes(label: number, seed: number): Uint8Array {
  const random = randomStream(seed, "stripes", label);
  const [width, height] = [40 + random.integer(20), 40 + random.integer(20)];
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const along = label === 0 ? Math.floor(pixel / width) : pixel % width;
    for (let channel = 0; channel < 3; channel++) {
      data[pixel * 4 + channel] = 128 + 90 * Math.sin(along / (1.5 + channel / 2)) + 20 * random.uniform();
    }
  }
  return encode({ width, height, data });
}

beforeAll(() => {
  for (const [part, count] of [
    ["train", 48],
    ["val", 16],
  ] as const) {
    for (const label of [0, 1]) {
      const place = join(folder, "pictures", part, `class-${label}`);
      mkdirSync(place, { recursive: true });
      for (let i = 0; i < count; i++)
        writeFileSync(join(place, `${i}.png`), stripes(label, part === "train" ? i : 1000 + i));
    }
  }
});

const options =
  "--data pictures --image-size 32 --model resnet20 --width 0.25 --validation 0.25 --batch 12 --lr 0.05".split(" ");

test("a network learns from pictures in class folders, and is evaluated on theirs", async () => {
  expect(await normwise("train", ...options, "--epochs", "4", "--out", "run")).toMatchObject({ code: 0 });
  const run = JSON.parse(readFileSync(join(folder, "run/run.json"), "utf8"));
  expect(run.data).toMatchObject({ images: 72, shape: [3, 32, 32], classes: ["class-0", "class-1"] });
  expect(run.data.normalization.mean).toEqual([0.485, 0.456, 0.406]);
  const byRun = await normwise("evaluate", "run", "--json");
  const byFile = await normwise("evaluate", "run/model.onnx", "--data", "pictures", "--json");
  const [result, same] = [JSON.parse(byRun.out), JSON.parse(byFile.out)];
  expect(result.images).toBe(32);
  expect(result.accuracy).toBeGreaterThan(80); // a coin gives 50 ± 9
  expect(same.loss).toBeCloseTo(result.loss, 5);
});

test("a damaged picture ends the training with its name", async () => {
  const path = join(folder, "pictures/train/class-1/7.png");
  const whole = readFileSync(path);
  writeFileSync(path, whole.subarray(0, whole.length / 2));
  const { code, errors } = await normwise(
    "train",
    ...options,
    "--validation",
    "0",
    "--epochs",
    "1",
    "--out",
    "damaged",
  );
  writeFileSync(path, whole);
  expect(code).toBe(1);
  expect(errors).toContain("pictures/train/class-1/7.png: expected an intact image");
});
