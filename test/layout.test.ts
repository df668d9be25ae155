import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { breaches, rooms } from "./support/layout.js";

const files = readdirSync("src", { recursive: true, encoding: "utf8" })
  .map((name) => join("src", name).replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".ts"));

describe("the layout", () => {
  it("holds in every file of src/", () => {
    expect(files.length).toBeGreaterThan(100);
    expect(files.flatMap((path) => breaches(path, readFileSync(path, "utf8")))).toEqual([]);
  });

  it("lets rooms import only rooms that do not lead back to them", () => {
    for (const [room, allowed] of Object.entries(rooms)) {
      if (allowed === "everything") continue;
      const reached = new Set<string>(allowed);
      for (const next of reached) for (const further of rooms[next as keyof typeof rooms]) reached.add(further);
      expect([...reached], room).not.toContain(room);
    }
  });
});

// The checker itself, on files that break each rule.
describe("a breach is found", () => {
  it.each([
    ["src/graph/bad.ts", `import { batchNorm } from "../norm/index.js";`, "graph may not import norm"],
    ["src/graph/bad.ts", `export * from "../norm/index.js";`, "graph may not import norm"],
    ["src/graph/bad.ts", `import type { Metric } from "../norm/index.js";`, "graph may not import norm"],
    ["src/graph/bad.ts", `let m: import("../norm/index.js").Metric;`, "graph may not import norm"],
    ["src/graph/bad.ts", `await import("../norm/index.js");`, "graph may not import norm"],
    ["src/train/bad.ts", `import { referenceRuntime } from "../reference/index.js";`, "may not import reference"],
    ["src/optim/bad.ts", `import { range } from "../dynamics/index.js";`, "optim may not import dynamics"],
    ["src/nn/bad.ts", `import { train } from "../index.js";`, "src/index.ts, which is no room"],
    ["src/nn/bad.ts", `import { add } from "../graph/index";`, "without .js"],
    ["src/nn/bad.ts", `import { readFile } from "node:fs/promises";`, "is to run in a browser"],
    ["src/nn/bad.ts", `import { readFile } from "fs";`, "is to run in a browser"],
    ["src/train/bad.ts", `import { readCifar } from "../data/files/index.js";`, "needs Node"],
    ["src/index.ts", `export * from "./runtime/node/index.js";`, "needs Node"],
    ["src/onnx/bad.ts", `import * as ort from "onnxruntime-web";`, "names onnxruntime-web"],
    ["src/cli/bad.ts", `createRequire(import.meta.url)("onnxruntime-node");`, "names onnxruntime-node"],
    ["src/nn/bad.ts", "export default 1;", "default export"],
    ["src/nn/bad.ts", "export default function dense() {}", "default export"],
    ["src/nn/bad.ts", "const dense = 1; export { dense as default };", "default export"],
    ["src/nn/utils.ts", "export const one = 1;", "called utils"],
    ["src/nn/bad.ts", "\n".repeat(301), "301 lines"],
  ])("%s: %s", (path, text, said) => {
    expect(breaches(path, text)).toEqual([expect.stringContaining(said)]);
  });

  it("and a room that is not in the table", () => {
    expect(() => breaches("src/misc/bad.ts", `import "./other.js";`)).toThrow(/in a room of src/);
  });

  it.each([
    ["src/cli/good.ts", `import { train } from "../train/index.js"; import { open } from "node:fs/promises";`],
    ["src/data/files/good.ts", `import { open } from "node:fs/promises"; import { idx } from "../idx.js";`],
    ["src/runtime/node/good.ts", `import * as ort from "onnxruntime-node";`],
    ["src/onnx/proto/good_pb.ts", "\n".repeat(1000)],
    ["src/nn/good.ts", `switch (1) { default: } // import "../cli/main.js"`],
  ])("nothing is found in %s: %s", (path, text) => {
    expect(breaches(path, text)).toEqual([]);
  });
});
