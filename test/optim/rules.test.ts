import { describe, expect, it } from "vitest";
import { InvalidArgumentError, randomStream, scalar, type Tensor, tensor } from "../../src/core/index.js";
import { Graph, sub, type Value } from "../../src/graph/index.js";
import { chain, type Optimizer, type SgdOptions, sgd, type UpdateRule } from "../../src/optim/index.js";
import { evaluate } from "../../src/reference/index.js";

const size = 5;
const steps = 6;
const random = randomStream(1, "rules");
const vector = (): Float64Array => Float64Array.from({ length: size }, () => random.normal());
const start = vector();
const slopes = Array.from({ length: steps }, vector);
/** A different rate at every step, as under a schedule. */
const rates = [0.1, 0.2, 0.3, 0.05, 0, 0.15];

/** Weights after every step of a rule, built into a graph as a training step builds it. */
function run({ rule, momentum, weightDecay }: Optimizer): number[][] {
  const graph = new Graph();
  const weight = graph.input("weight", [size]);
  const held = rule.slots.map(({ name }) => ({
    name,
    value: graph.input(name, [size]),
    next: undefined as Value | undefined,
  }));
  const [gradient, rate] = [graph.input("gradient", [size]), graph.input("rate")];
  const update = rule.apply(gradient, {
    weight,
    gradient,
    rate,
    scheduledRate: rate,
    momentum,
    weightDecay,
    slot: (wanted) => held.find(({ name }) => name === wanted)!,
    scalar: (name) => graph.input(name),
  });
  const names = ["weight", ...held.map(({ name }) => name)];
  const next = [sub(weight, update), ...held.map((slot) => slot.next!)];
  const float64 = (data: Float64Array): Tensor => tensor(data, [size], "float64");
  let state: Record<string, Tensor> = Object.fromEntries(names.map((name) => [name, float64(new Float64Array(size))]));
  state.weight = float64(start);
  return slopes.map((slope, step) => {
    const feeds = { ...state, gradient: float64(slope), rate: scalar(rates[step]!, "float64") };
    const values = evaluate(next, feeds);
    state = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
    return Array.from(values[0]!.data, Number);
  });
}

/** The same by hand: PyTorch's SGD, each line as its documentation has it. */
function byHand({ momentum = 0.9, weightDecay = 0, nesterov = false, decay = "coupled" }: SgdOptions): number[][] {
  const w = [...start];
  const m = w.map(() => 0);
  return slopes.map((slope, step) => {
    for (let i = 0; i < size; i++) {
      const before = w[i]!;
      const g = slope[i]! + (decay === "coupled" ? weightDecay * before : 0);
      m[i] = momentum * m[i]! + g;
      const direction = nesterov ? g + momentum * m[i]! : m[i]!;
      w[i] = before - rates[step]! * direction - (decay === "decoupled" ? rates[step]! * weightDecay * before : 0);
    }
    return [...w];
  });
}

describe("sgd", () => {
  const table: readonly SgdOptions[] = [
    {},
    { momentum: 0 },
    { momentum: 0, weightDecay: 0.1 },
    { momentum: 0, weightDecay: 0.1, decay: "decoupled" },
    { weightDecay: 0.1 },
    { weightDecay: 0.1, decay: "decoupled" },
    { nesterov: true },
    { nesterov: true, weightDecay: 0.1 },
    { nesterov: true, weightDecay: 0.1, decay: "decoupled" },
    { nesterov: true, momentum: 0 },
  ];

  it.each(table)("%o is what its formula says", (options) => {
    const [got, expected] = [run(sgd(options)), byHand(options)];
    for (const [step, weights] of expected.entries()) {
      expect(got[step]).toEqual(weights.map((weight) => expect.closeTo(weight, 13)));
    }
  });

  it("gives another training for each of them, but those without momentum and decay", () => {
    const ends = new Set(
      table.map((options) =>
        byHand(options)
          .at(-1)!
          .map((x) => x.toFixed(9))
          .join(),
      ),
    );
    // Without momentum, Nesterov is plain, and coupled decay is decoupled.
    expect(ends.size).toBe(table.length - 2);
  });

  it.each([
    [{ momentum: 1 }, "sgd: expected momentum in [0, 1), got 1"],
    [{ momentum: -0.1 }, "got -0.1"],
    [{ momentum: Number.NaN }, "got NaN"],
    [{ weightDecay: -1e-4 }, "sgd: expected a weight decay ≥ 0, got -0.0001"],
    [{ weightDecay: Number.POSITIVE_INFINITY }, "got Infinity"],
  ])("refuses %o", (options, message) => {
    expect(() => sgd(options)).toThrow(InvalidArgumentError);
    expect(() => sgd(options)).toThrow(message);
  });
});

describe("chain", () => {
  it("names its pieces in order and gathers what they keep", () => {
    expect(sgd().rule).toMatchObject({
      name: "addCoupledDecay → addHeavyBall → scaleByRate",
      slots: [{ name: "momentum", degree: -1 }],
    });
    expect(sgd({ decay: "decoupled", nesterov: true }).rule.name).toBe("addNesterov → scaleByRate → addDecoupledDecay");
  });

  it("applies them first to last", () => {
    const order: string[] = [];
    const note = (name: string): UpdateRule => ({
      name,
      slots: [],
      apply(update) {
        order.push(name);
        return update;
      },
    });
    chain(note("a"), chain(note("b"), note("c"))).apply({} as Value, {} as Parameters<UpdateRule["apply"]>[1]);
    expect(order).toEqual(["a", "b", "c"]);
  });
});
