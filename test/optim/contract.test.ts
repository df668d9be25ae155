import { afterAll, describe, expect, it } from "vitest";
import { type Tensor, tensor } from "../../src/core/index.js";
import { fullPrecision, type Runtime } from "../../src/graph/index.js";
import { referenceRuntime } from "../../src/reference/index.js";
import { nodeRuntime } from "../../src/runtime/node/index.js";
import { relativeDistance } from "../support/layers.js";
import { followingGroup, type OptimizerRow, optimizerRows } from "./table/optimizers.js";
import { type Behind, start, steps, trained, vectors } from "./table/problem.js";

// What every optimizer owes: the same course for a direction whatever its weight's scale, the promised radial part, the
// same in float32 and in half precision as far as those go, and a resume to the same bits.

const weightDecay = 0.1;
const weight = "0.weight";
const native = nodeRuntime({ threads: 1 });
afterAll(() => native.close());

const norm = (values: readonly number[]): number => Math.hypot(...values);
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const direction = (values: readonly number[]): number[] => values.map((x) => x / norm(values));
const float32 = ({ data, shape }: Tensor): Tensor<"float32"> => tensor(Float32Array.from(data as Float64Array), shape);

/** The vectors of the scale-invariant weight before the first step and after each. */
async function course(row: OptimizerRow, behind: Behind, runtime: Runtime, lambda = weightDecay) {
  const after = await trained({ runtime, optimizer: row.make(lambda), behind, epsilon: 1e-14 });
  return [start(), ...after].map((state) => vectors(behind, state[weight]!));
}

describe.each(optimizerRows.map((row) => [row.name, row] as const))("%s", (_, row) => {
  describe.each<Behind>(["batch", "layer"])("behind a %s norm", (behind) => {
    it("a weight three times as long takes the same course, with rate, decay and limit as its degree has it", async () => {
      const common = { runtime: referenceRuntime(), optimizer: row.make(weightDecay), behind, epsilon: 1e-14 };
      const from = start();
      const long: Tensor = { ...from[weight]!, data: from[weight]!.data.map((x) => 3 * x) };
      const [short, longer] = await Promise.all([
        trained({ ...common, groups: [followingGroup(row, 1, weightDecay)] }),
        trained({ ...common, groups: [followingGroup(row, 3, weightDecay)], from: { ...from, [weight]: long } }),
      ]);
      for (const [index, state] of short.entries()) {
        const other = vectors(behind, longer[index]![weight]!);
        for (const [group, vector] of vectors(behind, state[weight]!).entries()) {
          expect(norm(other[group]!) / norm(vector)).toBeCloseTo(3, 7);
          expect(relativeDistance(direction(other[group]!), direction(vector))).toBeLessThan(1e-8);
        }
      }
      // And it is a course, not a standstill.
      const [first, last] = [vectors(behind, from[weight]!), vectors(behind, short.at(-1)![weight]!)];
      for (const [group, vector] of first.entries()) {
        expect(relativeDistance(direction(last[group]!), direction(vector))).toBeGreaterThan(0.02);
      }
    });

    it("the radial part of a step is what it should be", async () => {
      const lambda = row.keepsNorms ? weightDecay : 0;
      const states = await course(row, behind, referenceRuntime(), lambda);
      const radial = states.slice(1).flatMap((after, step) =>
        after.map((vector, group) => {
          const before = states[step]![group]!;
          const moved = vector.map((x, i) => x - before[i]!);
          return norm(moved) === 0 ? 0 : Math.abs(dot(before, moved)) / (norm(before) * norm(moved));
        }),
      );
      if (row.tangential) expect(Math.max(...radial)).toBeLessThan(1e-12);
      else expect(Math.max(...radial)).toBeGreaterThan(1e-3); // momentum, or a step along a chord
      if (!row.keepsNorms) return;
      for (const state of states) {
        for (const [group, vector] of state.entries()) {
          expect(Math.abs(norm(vector) / norm(states[0]![group]!) - 1)).toBeLessThan(1e-14);
        }
      }
    });

    it("ONNX Runtime's float32 is the reference's float64 to 1e-5", async () => {
      const [exact, single] = [await course(row, behind, referenceRuntime()), await course(row, behind, native)];
      for (const [step, groups] of exact.entries()) {
        for (const [group, vector] of groups.entries()) {
          expect(relativeDistance(single[step]![group]!, vector)).toBeLessThan(1e-5);
        }
      }
    });

    it("with values stored in float16 it is much the same training", async () => {
      const common = { runtime: native, optimizer: row.make(weightDecay), behind };
      const [full, half] = [
        await trained(common),
        await trained({ ...common, precision: { ...fullPrecision, storage: "float16" } }),
      ];
      const [before, after] = [start()[weight]!, full.at(-1)![weight]!];
      const got = half.at(-1)![weight]!;
      const moved = relativeDistance(Array.from(after.data, Number), Array.from(before.data, Number));
      expect(relativeDistance(Array.from(got.data, Number), Array.from(after.data, Number))).toBeLessThan(moved / 10);
    });

    it("interrupted after half of the steps it comes to the same bits", async () => {
      const common = { runtime: native, optimizer: row.make(weightDecay), behind };
      const from = Object.fromEntries(Object.entries(start()).map(([name, value]) => [name, float32(value)]));
      const whole = await trained({ ...common, from });
      const half = steps / 2;
      const begun = await trained({ ...common, from, count: half });
      const resumed = await trained({ ...common, from: { ...begun.at(-1)! }, first: half, count: half });
      expect(resumed.at(-1)).toEqual(whole.at(-1));
    });
  });
});

describe("rotational variants", () => {
  it.each<Behind>(["batch", "layer"])(
    "turn by arctan θ in every step at a fixed angle, behind a %s norm",
    async (behind) => {
      const row = optimizerRows.find(({ name }) => name === "rotational-sgd, fixed angle")!;
      const states = await course(row, behind, referenceRuntime());
      for (const [index, after] of states.slice(1).entries()) {
        const theta = Math.sqrt((2 * (0.1 / (index + 1)) * weightDecay) / 1.9);
        for (const [group, vector] of after.entries()) {
          const chord = norm(direction(vector).map((x, i) => x - direction(states[index]![group]!)[i]!));
          expect(2 * Math.asin(chord / 2)).toBeCloseTo(Math.atan(theta), 12);
        }
      }
    },
  );

  it("keep the norms of the first step over a thousand steps in float32", async () => {
    for (const row of optimizerRows.filter(({ keepsNorms }) => keepsNorms)) {
      const optimizer = row.make(weightDecay);
      const after = await trained({ runtime: native, optimizer, behind: "batch", count: 1000, rate: () => 0.1 });
      for (const [group, vector] of vectors("batch", after.at(-1)![weight]!).entries()) {
        const first = norm(vectors("batch", start()[weight]!)[group]!);
        expect(Math.abs(norm(vector) / first - 1), row.name).toBeLessThan(3e-7);
      }
    }
  });
});
