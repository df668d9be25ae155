import { randomStream, type Tensor } from "../../core/index.js";
import { type FinestInvariance, isInvariantAlone, type WeightInvariance } from "../../dynamics/index.js";
import type { Runtime, Tensors } from "../../graph/index.js";
import type { ModelGraph } from "../model-graph.js";
import { eachChannel, groupsOf, type WeightGroups, wholeTensor } from "../weight-groups.js";
import { type GradientCosine, gradientCosine } from "./gradient-cosines.js";
import { type Judgement, judge, type WeightEvidence } from "./judge.js";
import { openProbe, type Probe } from "./probe.js";
import { blurred } from "./random-tensors.js";
import { randomFactors, scaled, scaledGroups } from "./scaled.js";

/** Options of {@link verifyInvariance}. */
export interface VerificationOptions {
  /** Of the data, the factors and the weights that were constant; 1 by default. */
  readonly seed?: number;
  /** Called before each weight. */
  readonly onWeight?: (name: string, index: number, count: number) => void;
}

/** What running the model says of one weight. */
export interface VerifiedWeight extends Judgement {
  readonly name: string;
  /** What the analysis says. */
  readonly claimed: FinestInvariance;
  /**
   * The greatest |⟨w, ∇w⟩|/(‖w‖‖∇w‖) over the groups that are claimed to be invariant; over the channels otherwise. Absent for
   * weights without effect, whose gradient is rounding.
   */
  readonly gradientCosine?: number;
  /** ‖y' − y‖/‖y − mean y‖ of the outputs, with all claimed groups scaled by factors in [½, 2]; absent where none is claimed. */
  readonly change?: number;
}

/** What running a model says of an analysis of it. */
export interface Verification {
  readonly weights: readonly VerifiedWeight[];
  /** The relative change of the outputs that counts as none: 20 times what a change of all weights' last bits makes. */
  readonly tolerance: number;
  readonly runtime: string;
  readonly inputs: Readonly<Record<string, readonly number[]>>;
}

/** A change of the outputs that rounding makes is allowed this many times. */
const noiseFactor = 20;
const leastTolerance = 2e-5;

/**
 * Asks the model itself which of its weights are scale-invariant, on random data in training form (dropout off):
 * whether the outputs stay as they are when groups are scaled by random factors in [½, 2], and whether the gradients of a
 * random functional of the outputs are orthogonal to the groups. What an analysis claims is tested, and so is what it denies:
 * that finer groups, or the tensor alone, are invariant.
 *
 * Tolerances: changing each weight in its last bit (relative 2⁻²³) changes the outputs by some δ, which shows how the model
 * magnifies float32's rounding; 20 δ, at least 2·10⁻⁵, counts as no change. Where a weight's scale meets an ε added to what it
 * multiplies by cᵏ, the outputs may change if that change falls as ε does on weights 16, or 256, times as long: by 16⁻ᵏ for
 * each 16 (16^½⁻ᵏ is asked). Weights that are constant are made random first, since a bias of 0 breaks nothing.
 * Where replacing a weight changes the outputs by less than rounding does, though its gradient is none of rounding's, the
 * gradient alone decides ({@link Judgement.faint}): deep networks without norms drown in their biases.
 *
 * @param model Made with `unknown: "error"`: what cannot be followed cannot be run.
 * @param invariances What is to be verified, of weights of the model.
 */
export async function verifyInvariance(
  model: ModelGraph,
  invariances: readonly WeightInvariance[],
  runtime: Runtime,
  { seed = 1, onWeight }: VerificationOptions = {},
): Promise<Verification> {
  const probe = await openProbe(model, runtime, seed);
  try {
    const bench = await testBench(probe, invariances, seed);
    const weights: VerifiedWeight[] = [];
    for (const [index, found] of invariances.entries()) {
      onWeight?.(found.name, index, invariances.length);
      weights.push(await verifyWeight(found, bench));
    }
    return {
      weights,
      tolerance: bench.tolerance,
      runtime: runtime.name,
      inputs: Object.fromEntries(Object.entries(model.inputs).map(([name, { shape }]) => [name, shape])),
    };
  } finally {
    await probe.close();
  }
}

/** What all weights are tested with. */
interface TestBench {
  readonly probe: Probe;
  readonly seed: number;
  readonly tolerance: number;
  /** The degrees of the ε that each weight's scale meets. */
  readonly epsilons: ReadonlyMap<string, readonly number[]>;
  /** Relative change of the outputs, from those with `base` to those with `exchanged`. */
  change(exchanged: Tensors, base?: Tensors): Promise<number>;
  /** The greater of the cosines with two gradients. */
  cosine(name: string, groups: WeightGroups): GradientCosine;
  /** The same where every weight with claimed groups is so many times as long; measured when first asked for. */
  lengthenedCosine(name: string, groups: WeightGroups, times: number): Promise<number>;
}

async function testBench(probe: Probe, invariances: readonly WeightInvariance[], seed: number): Promise<TestBench> {
  const { weights } = probe;
  const random = randomStream(seed, "rounding");
  const near = Object.fromEntries([...weights].map(([name, weight]) => [name, blurred(weight, random)]));
  const plain = await probe.outputs();
  const tolerance = Math.max(leastTolerance, noiseFactor * relativeChange(await probe.outputs(near), plain));
  const slopes = [await probe.gradients(0), await probe.gradients(1)];
  const nearSlopes = [await probe.gradients(0, near), await probe.gradients(1, near)];
  const invariant = invariances.filter(isInvariantAlone);
  const longer = (times: number) =>
    Object.fromEntries(invariant.map(({ name }) => [name, scaled(weights.get(name)!, times)]));
  const longSlopes = new Map<number, Promise<Record<string, Tensor>>>();
  return {
    probe,
    seed,
    tolerance,
    epsilons: new Map(invariances.map(({ name, epsilons }) => [name, epsilons.map(({ degree }) => degree)])),
    async change(exchanged, base) {
      return relativeChange(await probe.outputs(exchanged), base ? await probe.outputs(base) : plain);
    },
    cosine(name, groups) {
      const found = slopes.flatMap((slope, i) =>
        slope[name] ? [gradientCosine(weights.get(name)!, slope[name], nearSlopes[i]![name]!, groups)] : [],
      );
      return {
        largest: Math.max(0, ...found.map(({ largest }) => largest)),
        beyondNoise: Math.max(0, ...found.map(({ beyondNoise }) => beyondNoise)),
      };
    },
    async lengthenedCosine(name, groups, times) {
      const known = longSlopes.get(times) ?? probe.gradients(0, longer(times));
      longSlopes.set(times, known);
      const slope = (await known)[name];
      // Scaling does not change a cosine with the weight itself.
      return slope ? gradientCosine(weights.get(name)!, slope, slope, groups).largest : 0;
    },
  };
}

async function verifyWeight(found: WeightInvariance, bench: TestBench): Promise<VerifiedWeight> {
  const evidence = evidenceOf(found, bench);
  const claimed = groupsOf(found);
  const judgement = await judge(found, evidence);
  const change = await evidence.claimedChange();
  return {
    name: found.name,
    claimed: found.invariance,
    ...judgement,
    ...(found.withoutEffect ? {} : { gradientCosine: bench.cosine(found.name, claimed).largest }),
    ...(change === undefined ? {} : { change }),
  };
}

/** The questions that can be asked of one weight; each is put to the model when it is first asked. */
function evidenceOf(found: WeightInvariance, bench: TestBench): WeightEvidence {
  const { name } = found;
  const { probe, tolerance } = bench;
  const weight = probe.weights.get(name)!;
  const claimed = groupsOf(found);
  const random = (what: string) => randomStream(bench.seed, "factors", what, name);
  const channels = found.shape[found.axis] ?? 1;
  const each = eachChannel(found.axis, channels);
  const whole = wholeTensor(found.axis, channels);

  const changeOf = (groups: WeightGroups, what: string, base = weight): Promise<number> => {
    const factors = randomFactors(groups.count, random(what));
    const isBase = base === weight;
    return bench.change({ [name]: scaledGroups(base, groups, factors) }, isBase ? undefined : { [name]: base });
  };
  /** The weight and its partners, scaled together. */
  const together = (factor: number): Tensors =>
    Object.fromEntries(
      [{ name, power: 1 }, ...found.partners].map((each) => [
        each.name,
        scaled(probe.weights.get(each.name)!, factor ** each.power),
      ]),
    );
  const isJoint = found.invariance === "joint";
  const jointFactor = 1.5;
  let claimedChange: Promise<number> | undefined;
  return {
    tolerance,
    degree: leastDegree(found, bench.epsilons),
    claimedChange: async () => {
      if (found.invariance === "none") return undefined;
      claimedChange ??= isJoint ? bench.change(together(jointFactor)) : changeOf(claimed, "claimed");
      return claimedChange;
    },
    lengthenedChange: (times) =>
      isJoint
        ? bench.change(together(times * jointFactor), together(times))
        : changeOf(claimed, "claimed", scaled(weight, times)),
    claimedCosine: () => bench.cosine(name, claimed),
    lengthenedCosine: (times) => bench.lengthenedCosine(name, claimed, times),
    channelChange: () => changeOf(each, "channels"),
    channelCosine: () => bench.cosine(name, each),
    tensorChange: () => changeOf(whole, "tensor"),
    tensorCosine: () => bench.cosine(name, whole),
    replacedChange: () => {
      const noise = random("replaced");
      return bench.change({ [name]: { ...weight, data: weight.data.map((value) => value + 0.5 * noise.normal()) } });
    },
  };
}

function leastDegree({ name, partners }: WeightInvariance, epsilons: TestBench["epsilons"]): number | undefined {
  const degrees = [name, ...partners.map((partner) => partner.name)].flatMap((each) => epsilons.get(each) ?? []);
  return degrees.length === 0 ? undefined : Math.min(...degrees);
}

/** How far outputs are from others, in units of the others' spread. */
function relativeChange(outputs: Float64Array, others: Float64Array): number {
  const mean = others.reduce((sum, value) => sum + value, 0) / others.length;
  let [change, spread] = [0, 0];
  for (let i = 0; i < others.length; i++) {
    change += (outputs[i]! - others[i]!) ** 2;
    spread += (others[i]! - mean) ** 2;
  }
  return change === 0 ? 0 : Math.sqrt(change / spread);
}
