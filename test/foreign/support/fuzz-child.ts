import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NormwiseError, sizeOf } from "../../../src/core/index.js";
import { analyzeInvariance } from "../../../src/dynamics/index.js";
import { readWeights } from "../../../src/foreign/files/index.js";
import { modelGraph } from "../../../src/foreign/index.js";
import { readOnnxFile } from "../../../src/onnx/import/files/index.js";
import type { FuzzLine } from "./fuzz-line.js";

// Reads every file of a folder in every way there is, and tells of each on a line of its own what came of it.

const folder = process.argv[2]!;
const names = readdirSync(folder).filter((name) => /\.(onnx|safetensors)$/.test(name));
for (const name of names.sort()) {
  const start = performance.now();
  const path = join(folder, name);
  process.stdout.write(`${JSON.stringify({ name })}\n`); // what is being read, should this be the last line
  const outcomes = [await outcomeOf(() => weightsOf(path))];
  if (name.endsWith(".onnx")) outcomes.push(await outcomeOf(() => graphOf(path)));
  const line: FuzzLine = {
    name,
    outcomes,
    milliseconds: performance.now() - start,
    megabytes: process.resourceUsage().maxRSS / 1024,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function outcomeOf(read: () => Promise<void>): Promise<string> {
  try {
    await read();
    return "read";
  } catch (error) {
    if (error instanceof NormwiseError) return error.name;
    return `crash: ${error instanceof Error ? error.stack : String(error)}`;
  }
}

/** All floating tensors of a file, each as long as its shape says and, in safetensors, what its bytes say. */
async function weightsOf(path: string): Promise<void> {
  const file = await readWeights(path);
  for (const weight of file.weights.values()) {
    if (!weight.floating) continue;
    const { data } = await weight.read();
    requireThat(data.length === sizeOf(weight.shape), `${weight.name}: ${data.length} for [${weight.shape}]`);
    if (file.format === "safetensors") requireThat(equal(data, ownReading(path, weight)), `${weight.name} read wrong`);
  }
}

async function graphOf(path: string): Promise<void> {
  const file = await readOnnxFile(path);
  for (const tensor of file.initializers.values()) {
    const { data } = tensor.read();
    requireThat(data.length === sizeOf(tensor.shape), `${tensor.name}: ${data.length} for [${tensor.shape}]`);
  }
  const { outputs, parameters } = modelGraph(file);
  for (const { shape } of Object.values(outputs)) {
    requireThat(
      shape.every((size) => Number.isSafeInteger(size) && size >= 0),
      `an output of [${shape}]`,
    );
  }
  const found = analyzeInvariance(Object.values(outputs), parameters);
  requireThat(found.length === parameters.length, `${found.length} findings for ${parameters.length} weights`);
}

/** What the bytes of a safetensors file say, read in the plainest way; undefined for types that this does not know. */
function ownReading(path: string, { name, type }: { name: string; type: string }): number[] | undefined {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, start).toString()) as Record<string, { data_offsets: [number, number] }>;
  const [begin, end] = header[name]!.data_offsets;
  const read = { F32: (at: number) => bytes.readFloatLE(at), F64: (at: number) => bytes.readDoubleLE(at) }[type];
  const size = type === "F64" ? 8 : 4;
  return read && Array.from({ length: (end - begin) / size }, (_, i) => read(start + begin + size * i));
}

function equal(a: ArrayLike<number>, b: number[] | undefined): boolean {
  return b === undefined || (a.length === b.length && b.every((value, i) => Object.is(value, a[i])));
}

function requireThat(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}
