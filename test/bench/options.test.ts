import { expect, test } from "vitest";
import { trainingContests } from "../../bench/contests.js";
import { allModels } from "../../bench/models.js";
import { parseOptions } from "../../bench/options.js";

test("by default all rows are measured with one and two threads beside PyTorch", () => {
  const options = parseOptions([]);
  expect(options).toMatchObject({ what: "rows", threads: [1, 2], against: ["torch"], rounds: 7, json: false });
  expect(options.models).toEqual(allModels);
});

test.each([
  [["--models", "vgg11,lenet"], "--models: expected some of vgg11, vgg11-l1"],
  [["--threads", "1,0"], "--threads: expected a positive integer, got 0"],
  [["--rounds", "2.5"], "--rounds: expected a positive integer, got 2.5"],
  [["--batch", "many"], "--batch: expected a positive integer, got many"],
  [["--against", "jax"], "--against: expected some of torch, tfjs, portable, none, got jax"],
  [["--lowering", "fast"], "--lowering: expected some of auto, blocked, portable, got fast"],
  [["--norms", "--profile"], "expected one of --profile, --norms and --tune, got profile, norms"],
])("%j is refused", (args, message) => {
  expect(() => parseOptions(args)).toThrow(message);
});

const torch = { python: "python3", version: "1", productGigaflops: 50 };
const named = (args: readonly string[], found = { torch }): string[] =>
  trainingContests(parseOptions(args), found).map(
    ({ name, threads, batch, contestants }) =>
      `${name} ${threads} ${batch}: ${contestants.map(({ model, engine }) => `${model}/${engine}`).join(" ")}`,
  );

test("variants meet the model that they are variants of, in one contest", () => {
  expect(named(["--models", "vgg11,vgg11-l1", "--threads", "2"])).toEqual([
    "vgg11 2 128: vgg11/normwise vgg11/normwise-measuring vgg11/torch vgg11/torch-channels-last vgg11-l1/normwise",
  ]);
});

test("a variant alone meets its model's step of ours only", () => {
  expect(named(["--models", "resnet20-l1", "--threads", "1"])).toEqual([
    "resnet20 1 128: resnet20/normwise resnet20-l1/normwise",
  ]);
});

test("each number of threads is a contest; channels_last is for images only; portable is beside when asked for", () => {
  expect(named(["--models", "transformer", "--batch", "9", "--against", "torch,portable"])).toEqual([
    "transformer 1 9: transformer/normwise transformer/normwise-measuring transformer/normwise-portable transformer/torch",
    "transformer 2 9: transformer/normwise transformer/normwise-measuring transformer/normwise-portable transformer/torch",
  ]);
});
