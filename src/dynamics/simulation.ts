import { type RandomStream, randomStream } from "../core/index.js";
import { adamWEquilibrium, sgdEquilibrium } from "./equilibrium.js";
import { type PerStep, perStep, type TranslatedSchedule } from "./equivalence.js";
import type { OptimizerKind } from "./optimizer-kind.js";
import { normOf, type SimulatedRun, simulatedRun, type TestProblem, testProblem } from "./test-problem.js";

/** A translation to try out, and how. */
export interface SimulationOptions {
  /** η of each step of the original run. */
  readonly rates: ArrayLike<number>;
  /** λ of the original run. */
  readonly weightDecay: PerStep;
  /** What the original was translated to. */
  readonly translated: Pick<TranslatedSchedule, "learningRate" | "momentum" | "rescaleEvents">;
  /** λ' of the translated run; 0 by default. */
  readonly toWeightDecay?: PerStep;
  /** μ of the original; 0.9 by default. For `adamw`, β₁ = 0.9 and β₂ = 0.999. */
  readonly momentum?: number;
  readonly optimizer?: OptimizerKind;
  /** What the yardstick takes over from the translated run and leaves the rest: its decay (default), or its rates. */
  readonly changed?: "decay" | "rates";
  /** No more steps than this are simulated, from the first on; 5,000 by default. */
  readonly maximalSteps?: number;
  /** Of the problem, its noise and the first weights; 1 by default. */
  readonly seed?: number;
}

/** How far a run is from the original on the test problem. */
export interface Disagreement {
  /** Greatest angle between the two directions over all steps, in radians. */
  readonly largestAngle: number;
  /** The angle at the end. */
  readonly finalAngle: number;
  /** Greatest difference of the two losses over all steps, in units of the original losses' standard deviation. */
  readonly largestLoss: number;
}

/** What a simulation found. */
export interface Simulation {
  /** Steps that were simulated, and whether those are all. */
  readonly steps: number;
  readonly complete: boolean;
  /** Mean angle by which a step turns the original's direction: what the angles compare with. */
  readonly rotation: number;
  /** The translated run against the original. */
  readonly translated: Disagreement;
  /** The yardstick: the original run with nothing changed but its decay, or its rates ({@link SimulationOptions.changed}). */
  readonly untranslated: Disagreement;
}

/**
 * Tries a translation out: the original run, the translated one and one that changes the decay and nothing else, from equal
 * weights through the same noise, on a scale-invariant test problem in float64 ({@link testProblem}: 32 weights, more noise than
 * slope). The first weights have the norm at which growth and decay balance, so that the run turns as a trained network does.
 * An exact translation disagrees by rounding, 10⁻¹⁵ or so; for others this is an estimate for problems like it.
 *
 * @throws InvalidArgumentError if lists differ in length.
 */
export function simulateTranslation(options: SimulationOptions): Simulation {
  const { translated, momentum = 0.9, optimizer = "sgd", maximalSteps = 5000, seed = 1 } = options;
  const length = options.rates.length;
  const steps = Math.min(length, maximalSteps);
  const decay = perStep("simulateTranslation", "weightDecay", options.weightDecay, length);
  const toDecay = perStep("simulateTranslation", "toWeightDecay", options.toWeightDecay ?? 0, length);
  const problem = testProblem(seed);
  const weights = firstWeights(problem, randomStream(seed, "first weights"), options, decay, toDecay);
  const start = { problem, optimizer, weights };
  const [rates, constant] = [options.rates, () => momentum];
  const original = simulatedRun({ ...start, rate: (t) => rates[t]!, decay, momentum: constant });
  const rescale = new Map(translated.rescaleEvents.map(({ step, factor }) => [step, factor]));
  const other = simulatedRun({
    ...start,
    rate: (t) => translated.learningRate[t]!,
    decay: toDecay,
    momentum: (t) => translated.momentum[t]!,
    rescale,
  });
  const wanted = options.changed === "rates";
  const naive = simulatedRun({
    ...start,
    rate: (t) => (wanted ? translated.learningRate[t]! : rates[t]!),
    decay: wanted ? decay : toDecay,
    momentum: constant,
  });

  const [compared, yardstick] = [comparison(problem, original), comparison(problem, original)];
  const [losses, turns]: [number[], number[]] = [[], []];
  for (let step = 0; step < steps; step++) {
    const before = original.weights;
    original.take(step);
    other.take(step);
    naive.take(step);
    turns.push(angle(before, original.weights));
    losses.push(problem.loss(original.weights));
    compared.look(other);
    yardstick.look(naive);
  }
  const spread = standardDeviation(losses);
  return {
    steps,
    complete: steps === length,
    rotation: turns.reduce((sum, turn) => sum + turn, 0) / steps,
    translated: compared.result(spread),
    untranslated: yardstick.result(spread),
  };
}

/** Directions at random, as long as at the balance that the greatest rate and decay have; 1 without any decay. */
function firstWeights(
  problem: TestProblem,
  random: RandomStream,
  { rates, momentum = 0.9, optimizer }: SimulationOptions,
  decay: (step: number) => number,
  toDecay: (step: number) => number,
): Float64Array {
  const normals = Float64Array.from({ length: problem.size }, () => random.normal());
  let [rate, weightDecay] = [0, 0];
  for (let t = 0; t < rates.length; t++) rate = Math.max(rate, rates[t]!);
  for (let t = 0; t < rates.length && weightDecay === 0; t++) weightDecay = decay(t) || toDecay(t);
  const { squaredGradient, size } = problem;
  const held = rate > 0 && weightDecay > 0;
  const balance =
    optimizer === "adamw"
      ? () => adamWEquilibrium({ rate, weightDecay, size }).norm
      : () => sgdEquilibrium({ rate, weightDecay, momentum, squaredGradient }).norm;
  const scale = (held ? balance() : 1) / normOf(normals);
  return normals.map((x) => x * scale);
}

/** Watches how far a run is from the original. */
function comparison(problem: TestProblem, original: SimulatedRun) {
  let [largestAngle, finalAngle, loss] = [0, 0, 0];
  return {
    look(run: SimulatedRun) {
      finalAngle = angle(run.weights, original.weights);
      largestAngle = Math.max(largestAngle, finalAngle);
      loss = Math.max(loss, Math.abs(problem.loss(run.weights) - problem.loss(original.weights)));
    },
    result: (spread: number): Disagreement => ({
      largestAngle,
      finalAngle,
      largestLoss: spread > 0 ? loss / spread : 0,
    }),
  };
}

/** 2·asin(‖â − b̂‖/2): the chord keeps its digits for small angles. */
function angle(a: Float64Array, b: Float64Array): number {
  const [normA, normB] = [normOf(a), normOf(b)];
  let squaredChord = 0;
  for (let i = 0; i < a.length; i++) squaredChord += (a[i]! / normA - b[i]! / normB) ** 2;
  return 2 * Math.asin(Math.min(1, Math.sqrt(squaredChord) / 2));
}

function standardDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
