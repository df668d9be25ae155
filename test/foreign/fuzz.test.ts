import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomStream } from "../../src/core/index.js";
import {
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
} from "../../src/onnx/proto/onnx_pb.js";
import type { FuzzLine } from "./support/fuzz-line.js";
import { blindMutations, type Mutation, protobufMutations, safetensorsMutations } from "./support/mutations.js";

// Files of strangers, damaged by chance or by will: always a typed error or a correct reading.

/** To look for more than a test run has time for: FUZZ_SEED=7 FUZZ_TIMES=20 npx vitest run test/foreign/fuzz.test.ts */
const seed = Number(process.env.FUZZ_SEED ?? 20);
const times = Number(process.env.FUZZ_TIMES ?? 1);

const scratch = mkdtempSync(join(tmpdir(), "normwise-fuzz-"));
const child = join(scratch, "child.mjs");
beforeAll(async () => {
  const entryPoints = [new URL("support/fuzz-child.ts", import.meta.url).pathname];
  await build({ entryPoints, outfile: child, bundle: true, platform: "node", format: "esm", ignoreAnnotations: true });
});
afterAll(() => rmSync(scratch, { recursive: true }));

const golden = (path: string): Buffer => readFileSync(new URL(`../goldens/${path}`, import.meta.url));
const convnet = golden("fuzz/convnet.onnx");
const transformer = withExternalData(golden("fuzz/transformer.onnx"));

/** A model whose tensors lie in another file. */
function withExternalData(bytes: Buffer, location = "data.bin"): { readonly model: Buffer; readonly data: Buffer } {
  const model = fromBinary(ModelProtoSchema, bytes);
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const tensor of model.graph!.initializer) {
    const { rawData } = tensor;
    const entries = { location, offset: String(end), length: String(rawData.length) };
    tensor.externalData = Object.entries(entries).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    );
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
    tensor.rawData = new Uint8Array();
    parts.push(rawData);
    end += rawData.length;
  }
  return { model: Buffer.from(toBinary(ModelProtoSchema, model)), data: Buffer.concat(parts) };
}

interface Family {
  readonly file: string;
  readonly bytes: Buffer;
  readonly mutations: readonly Mutation[];
  readonly count: number;
  /** Another file in the folder. */
  readonly beside?: readonly [name: string, bytes: Buffer];
}

const families: Readonly<Record<string, Family>> = {
  convnet: { file: "a.onnx", bytes: convnet, mutations: protobufMutations, count: 350 },
  transformer: {
    file: "a.onnx",
    bytes: transformer.model,
    mutations: protobufMutations,
    count: 350,
    beside: ["data.bin", transformer.data],
  },
  safetensors: {
    file: "a.safetensors",
    bytes: golden("trace/sgd/step-00600.safetensors"),
    mutations: safetensorsMutations,
    count: 250,
  },
  "safetensors of all types": {
    file: "a.safetensors",
    bytes: golden("io/all-dtypes.safetensors"),
    mutations: safetensorsMutations,
    count: 150,
  },
};

/** Lets a child read a folder; a file that takes it over ten seconds ends it. */
function readAll(folder: string): Promise<{ readonly lines: FuzzLine[]; readonly problem?: string }> {
  return new Promise((resolve) => {
    const process_ = spawn(process.execPath, ["--max-old-space-size=192", child, folder], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [output, errors] = ["", ""];
    let hung = false;
    const kill = (): void => {
      hung = true;
      process_.kill("SIGKILL");
    };
    let timer = setTimeout(kill, 30_000); // the start of the process included
    process_.stdout.on("data", (data) => {
      output += data;
      clearTimeout(timer);
      timer = setTimeout(kill, 12_000); // a little more than ten, for a machine that does other things too
    });
    process_.stderr.on("data", (data) => {
      errors += data;
    });
    process_.on("close", (code) => {
      clearTimeout(timer);
      const all = output
        .trim()
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as FuzzLine);
      const lines = all.filter(({ outcomes }) => outcomes !== undefined);
      const last = all.at(-1)?.name;
      if (hung) resolve({ lines, problem: `hung at ${last}` });
      else resolve(code === 0 ? { lines } : { lines, problem: `died at ${last}: ${errors.slice(-2000)}` });
    });
  });
}

function writeFamily(name: string, { file, beside }: Family, files: readonly Buffer[]): string {
  const folder = join(scratch, name.replaceAll(" ", "-"));
  mkdirSync(folder);
  files.forEach((bytes, i) => {
    writeFileSync(join(folder, `${String(i).padStart(4, "0")}-${file}`), bytes);
  });
  if (beside) writeFileSync(join(folder, beside[0]), beside[1]);
  return folder;
}

describe.each(Object.entries(families))("%s", (name, family) => {
  const { bytes, mutations, beside } = family;
  const count = family.count * times;

  it("is read as it is", async () => {
    const { lines, problem } = await readAll(writeFamily(`${name} whole`, family, [bytes]));
    expect(problem).toBeUndefined();
    expect(lines.flatMap(({ outcomes }) => [...outcomes])).toEqual(lines[0]!.outcomes.map(() => "read"));
  });

  it(`${count} times damaged, is refused with a typed error or read correctly`, async () => {
    const random = randomStream(seed, "fuzz", name);
    const damaged = Array.from({ length: count }, (_, i) => mutations[i % mutations.length]!(bytes, random));
    const folder = writeFamily(name, family, damaged);
    const { lines, problem } = await readAll(folder);
    expect(problem).toBeUndefined();
    expect(lines.length).toBe(count);
    const crashes = lines.flatMap(({ name: file, outcomes }) =>
      outcomes.filter((outcome) => outcome.startsWith("crash")).map((outcome) => `${file} ${outcome}`),
    );
    expect(crashes).toEqual([]);
    expect(lines.filter(({ milliseconds }) => milliseconds > 10_000)).toEqual([]);
    for (const { name: file, megabytes } of lines) {
      const size = statSync(join(folder, file)).size + (beside?.[1].length ?? 0);
      expect(megabytes, file).toBeLessThan(256 + (4 * size) / 2 ** 20);
    }
    // Mutations that all ended one way would try only one way.
    const read = lines.filter(({ outcomes }) => outcomes.every((outcome) => outcome === "read")).length;
    expect(read / count).toBeGreaterThan(0.05);
    expect(read / count).toBeLessThan(0.9);
  });
});

it("100 times damaged, external data is read as it is or refused", async () => {
  const random = randomStream(seed, "fuzz", "external");
  const folder = join(scratch, "external");
  mkdirSync(folder);
  for (let i = 0; i < 100; i++) {
    const { model, data } = withExternalData(golden("fuzz/transformer.onnx"), `data-${i}`);
    writeFileSync(join(folder, `${i}.onnx`), model);
    writeFileSync(join(folder, `data-${i}`), blindMutations[i % blindMutations.length]!(data, random));
  }
  const { lines, problem } = await readAll(folder);
  expect(problem).toBeUndefined();
  const found = lines.flatMap(({ outcomes }) => [...outcomes]);
  expect(found.length).toBe(200);
  expect(new Set(found)).toEqual(new Set(["read", "DataError"]));
});
