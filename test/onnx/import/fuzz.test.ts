import { toBinary } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { DataError, type RandomStream, randomStream } from "../../../src/core/index.js";
import { Graph, Scope } from "../../../src/graph/index.js";
import { decodeModel, importOnnx, readOnnx } from "../../../src/onnx/index.js";
import { ModelProtoSchema } from "../../../src/onnx/proto/onnx_pb.js";
import { mixedModel } from "../../support/mixed-model.js";
import { operatorCases } from "../../support/operator-cases.js";

const seeds = Number(process.env.NORMWISE_FUZZ_SEEDS ?? 300);

/** Some bytes changed, a piece cut out or doubled, or the end cut off. */
function mutated(bytes: Uint8Array, random: RandomStream): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const place = (): number => random.integer(bytes.length);
  const [from, to] = [place(), place()].sort((a, b) => a - b) as [number, number];
  switch (random.integer(6)) {
    case 0:
      return copy.subarray(0, place());
    case 1:
      return Uint8Array.from([...copy.subarray(0, from), ...copy.subarray(Math.min(to, from + 16))]);
    case 2:
      return Uint8Array.from([
        ...copy.subarray(0, to),
        ...copy.subarray(from, Math.min(to, from + 64)),
        ...copy.subarray(to),
      ]);
    default:
      for (let change = random.integer(8); change >= 0; change--) copy[place()] = random.integer(256);
      return copy;
  }
}

const operatorNames = operatorCases.flatMap(([, { nodes }]) => nodes.map(({ opType }) => opType));
const numbers = [0, 1, 2, 3, -1, -2, 7, 1000, 2 ** 31, -(2 ** 31), 2 ** 40, 2 ** 53, -(2 ** 62)];

/** A valid file that says something else: numbers, names and operators of its messages changed, lists shortened. */
function misstated(bytes: Uint8Array, random: RandomStream): Uint8Array {
  const model = decodeModel(bytes);
  const names = model.graph!.node.flatMap(({ input, output }) => [...input, ...output]);
  const pick = <T>(values: readonly T[]): T => values[random.integer(values.length)]!;
  const places: (() => void)[] = [];
  const visit = (owner: Record<string, unknown>): void => {
    for (const [key, value] of Object.entries(owner)) {
      const set = (other: () => unknown): void => {
        places.push(() => {
          owner[key] = other();
        });
      };
      if (key.startsWith("$") || value instanceof Uint8Array) continue;
      if (typeof value === "bigint") set(() => BigInt(pick(numbers)));
      else if (typeof value === "number") set(() => pick(numbers.slice(0, 8)));
      else if (typeof value === "string") set(() => (key === "opType" ? pick(operatorNames) : pick(names)));
      else if (Array.isArray(value)) {
        if (value.length > 0) set(() => value.slice(random.integer(2), value.length - random.integer(2)));
        visit(value as unknown as Record<string, unknown>);
      } else if (typeof value === "object" && value !== null) visit(value as Record<string, unknown>);
    }
  };
  visit(model as unknown as Record<string, unknown>);
  for (let change = random.integer(3); change >= 0; change--) pick(places)();
  return toBinary(ModelProtoSchema, model);
}

/** Reads a file, puts its model in a graph and reads its tensors. */
function use(bytes: Uint8Array, training: boolean): void {
  const file = readOnnx(bytes);
  const scope = new Scope(new Graph(), { training });
  const inputs = Object.fromEntries(
    file.inputs.map(({ name }, at) => [name, scope.graph.input(`input ${at}`, [2, 3, 8, 8])]),
  );
  importOnnx(file, scope, { inputs, unknown: "opaque" });
  for (const initializer of file.initializers.values()) initializer.read();
}

it.each([
  ["damaged", mutated],
  ["misstated", misstated],
] as const)(`reads or refuses ${seeds} %s files, and nothing else`, (_name, change) => {
  const whole = mixedModel();
  let refused = 0;
  for (let seed = 0; seed < seeds; seed++) {
    const bytes = change(whole, randomStream(seed, "fuzz"));
    const start = performance.now();
    try {
      use(bytes, seed % 2 === 0);
    } catch (error) {
      if (!(error instanceof DataError)) throw new Error(`seed ${seed}`, { cause: error });
      refused++;
    }
    expect(performance.now() - start, `seed ${seed}`).toBeLessThan(2000);
  }
  expect(refused).toBeGreaterThan(seeds / 10);
  expect(refused).toBeLessThan(seeds);
});
