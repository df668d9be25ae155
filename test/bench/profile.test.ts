import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { account, costLines, kinds } from "../../bench/profile/account.js";
import { operationsOf } from "../../bench/profile/operations.js";
import { readProfile } from "../../bench/profile/read-profile.js";
import { zeros } from "../../src/core/index.js";
import { conv2d, Graph, matmul, relu } from "../../src/graph/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";

const node = (name: string, operator: string, ts: number, dur: number, shapes: readonly number[][]): object => ({
  cat: "Node",
  name: `${name}_kernel_time`,
  ts,
  dur,
  args: {
    op_name: operator,
    input_type_shape: shapes.slice(1).map((shape) => ({ float: shape })),
    output_type_shape: [{ float: shapes[0]! }],
  },
});
const run = (ts: number, dur: number): object => ({ cat: "Session", name: "model_run", ts, dur });

test("the fastest run behind the warm-up is the account, and nodes are put together by kind", () => {
  const product = [
    [8, 4],
    [8, 16],
    [16, 4],
  ]; // prettier-ignore
  const map = [
    [8, 4],
    [8, 4],
  ]; // prettier-ignore
  const events = [
    ...[run(0, 100), node("matmul#1/MatMul", "MatMul", 1, 5, product)], // warm-up, the fastest of all
    ...[run(1000, 4000), node("matmul#1/MatMul", "MatMul", 1010, 3900, product)],
    ...[run(6000, 2000), node("matmul#1/MatMul", "MatMul", 6010, 1000, product)],
    ...[node("relu#2/Relu", "Relu", 7010, 500, map), node("relu#3/Relu", "Relu", 7600, 300, map)],
    ...[{ ...run(9000, 1), name: "session_initialization" }, node("relu#3/Relu", "Relu", 9000, 1, map)],
  ];
  const profile = readProfile(JSON.stringify(events), 1);
  expect(profile).toMatchObject({ runs: 2, milliseconds: 2 });
  const operators = account(profile, kinds.operator);
  expect(operators).toEqual([
    { kind: "MatMul", count: 1, milliseconds: 1, share: 0.5, gigaflops: (2 * 8 * 16 * 4) / 1e6 },
    { kind: "Relu", count: 2, milliseconds: 0.8, share: 0.4, gigabytes: 512 / 0.8e6 },
  ]);
  expect(account(profile, kinds.primitive).map(({ kind }) => kind)).toEqual(["matmul", "relu"]);
  expect(account(profile, kinds.value)[1]).toMatchObject({ kind: "relu#2 [8,4]", milliseconds: 0.5 });
  expect(costLines("by operator", operators, 1)).toEqual([
    expect.stringMatching(/^by operator +nodes +ms +share$/),
    expect.stringMatching(/^ {2}MatMul +1 +1\.00 +50\.0 % +0 GFLOP\/s$/),
    expect.stringMatching(/^ {2}1 others +2 +0\.80 +40\.0 %$/),
  ]);
  expect(() => readProfile(JSON.stringify(events), 3)).toThrow("expected more than 3 runs");
});

test.each([
  [
    "Conv",
    [
      [2, 8, 5, 5],
      [6, 8, 3, 3],
    ],
    [2, 6, 3, 3],
    2 * (2 * 6 * 9) * (8 * 9),
  ],
  [
    "Conv",
    [
      [2, 8, 5, 5],
      [8, 1, 3, 3],
    ],
    [2, 8, 3, 3],
    2 * (2 * 8 * 9) * 9,
  ], // depthwise
  [
    "ConvTranspose",
    [
      [2, 6, 3, 3],
      [6, 8, 3, 3],
    ],
    [2, 8, 5, 5],
    2 * (2 * 6 * 9) * (8 * 9),
  ],
  [
    "MatMul",
    [
      [7, 2, 3],
      [3, 5],
    ],
    [7, 2, 5],
    2 * 7 * 2 * 3 * 5,
  ],
  [
    "FusedMatMul",
    [
      [7, 3, 2],
      [7, 3, 5],
    ],
    [7, 2, 5],
    2 * 7 * 2 * 3 * 5,
  ], // transA
  [
    "Gemm",
    [
      [2, 3],
      [5, 3],
    ],
    [2, 5],
    2 * 2 * 3 * 5,
  ], // transB
  ["Add", [[4], [4]], [4], 0],
])("operations of %s on %j", (operator, inputs, output, operations) => {
  expect(operationsOf({ operator, inputs, outputs: [output] })).toBe(operations);
}); // prettier-ignore

test("a runtime with a profile folder writes one file for each session, with the names of our primitives", async () => {
  const folder = join(await mkdtemp(join(tmpdir(), "normwise-")), "made");
  const runtime = nodeRuntime({ threads: 1, lowering: "portable", profile: folder });
  try {
    const graph = new Graph();
    const [x, w] = [graph.input("x", [2, 3, 8, 8]), graph.input("w", [4, 3, 3, 3])];
    const feeds = { x: zeros([2, 3, 8, 8]), w: zeros([4, 3, 3, 3]) };
    const y = relu(conv2d(x, w));
    const session = await runtime.load({ graph, outputs: { y } });
    for (let step = 0; step < 3; step++) await session.run(feeds);
    await session.close();
    const product = graph.input("m", [4, 4]);
    const other = await runtime.load({ graph, outputs: { z: matmul(product, product) } });
    await other.close();

    const files = (await readdir(folder)).sort();
    expect(files).toEqual([
      expect.stringMatching(/^session-0_.*\.json$/),
      expect.stringMatching(/^session-1_.*\.json$/),
    ]);
    const profile = readProfile(await readFile(join(folder, files[0]!), "utf8"), 1);
    expect(profile.runs).toBe(2);
    const costs = account(profile, kinds.primitive);
    expect(costs.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["conv2d", "relu"]));
    const conv = profile.nodes.find(({ operator }) => operator === "Conv")!;
    expect(conv.operations).toBe(2 * (2 * 4 * 36) * 27);
  } finally {
    await runtime.close();
    await rm(join(folder, ".."), { recursive: true });
  }
});
