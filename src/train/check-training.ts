import { assertArgument } from "../core/index.js";
import { fullPrecision, isFullPrecision, type Parameter, type Value } from "../graph/index.js";
import {
  constantRate,
  type GroupRule,
  groupParameters,
  type Optimizer,
  type StepControl,
  scheduleRates,
} from "../optim/index.js";
import { invariantGroups } from "./invariant-groups.js";
import { trackedParameters } from "./measure.js";
import { checkLossScale } from "./overflow.js";
import type { EpochBasics } from "./records.js";
import type { TrainingOptions } from "./training-options.js";

/**
 * Checks the options that all trainings share: numbers, the schedule, and whether the control can do what it promises for
 * these parameters and this optimizer.
 *
 * @param output What the parameters make, in training: the loss, or what it is taken of.
 * @throws InvalidArgumentError naming what is wrong.
 */
export function checkTraining<R extends EpochBasics>(
  options: TrainingOptions<R>,
  stepsPerEpoch: number,
  parameters: readonly Parameter[],
  output: Value,
): void {
  const { epochs, learningRate, measureEvery = 10, schedule = constantRate(), groups = [] } = options;
  const { optimizer, control } = options;
  const count = (name: string, value: number): void =>
    assertArgument(Number.isInteger(value) && value > 0, "train", `${name} to be a positive integer`, value);
  count("epochs", epochs);
  count("measureEvery", measureEvery);
  assertArgument(learningRate >= 0 && Number.isFinite(learningRate), "train", "a learning rate ≥ 0", learningRate);
  scheduleRates(schedule, learningRate, epochs * stepsPerEpoch, stepsPerEpoch);
  const inert = optimizer.adaptive ? groups.find(({ momentum }) => momentum !== undefined) : undefined;
  assertArgument(!inert, "train", "no momentum in groups of an adaptive optimizer", inert?.momentum, "leave it out");
  if (optimizer.adaptiveClip === undefined) {
    const unused = groups.find(({ adaptiveClip }) => adaptiveClip !== undefined);
    const fix = "use withAdaptiveClip (--clip-adaptive), or leave it out";
    assertArgument(!unused, "train", "no limit of adaptive clipping in groups", unused?.adaptiveClip, fix);
  }
  checkNormAware(optimizer, parameters, output);
  const { precision = fullPrecision, lossScale, overflowLimit } = options;
  if (overflowLimit !== undefined) count("overflowLimit", overflowLimit);
  if (lossScale !== undefined) {
    checkLossScale(lossScale);
    const half = !isFullPrecision(precision);
    assertArgument(
      half,
      "train",
      "no loss scale in full precision",
      lossScale,
      "leave it out, or train in half precision",
    );
  }
  if (control) checkControl(control, optimizer, parameters, groups);
}

/** Throws an InvalidArgumentError if the optimizer is for scale-invariant weights and there are none. */
function checkNormAware({ normAware }: Optimizer, parameters: readonly Parameter[], output: Value): void {
  if (normAware === undefined) return;
  const { size } = invariantGroups(output, parameters);
  const where = `train, an optimizer with ${normAware}`;
  assertArgument(size > 0, where, "a network with scale-invariant weights", "none", "train with sgd or adamw");
}

/** Throws an InvalidArgumentError if there is nothing to control, or the control was made for weights trained otherwise. */
function checkControl(
  { name, momentum }: StepControl,
  optimizer: Optimizer,
  parameters: readonly Parameter[],
  rules: readonly GroupRule[],
): void {
  const tracked = new Set(trackedParameters(parameters));
  assertArgument(tracked.size > 0, name, "a network with scale-invariant weights", "none");
  const fix = "train so, or choose another control";
  const adaptive = "an adaptive one, whose steps do not scale as gradients do";
  assertArgument(
    !optimizer.adaptive,
    name,
    "stochastic gradient descent",
    adaptive,
    "train with sgd, or without control",
  );
  assertArgument(
    optimizer.normAware === undefined,
    name,
    "an optimizer that treats scale-invariant weights as all others",
    `one with ${optimizer.normAware}, which sets their step size itself`,
    "train with sgd, or without control",
  );
  if (momentum === undefined) return;
  assertArgument(
    optimizer.adaptiveClip === undefined,
    name,
    "gradients that are not clipped, as the limit does not follow the norms",
    `adaptive clipping at ${optimizer.adaptiveClip}`,
    fix,
  );
  assertArgument(
    optimizer.clipNorm === undefined,
    name,
    "gradients that are not clipped, as the limit does not follow the norms",
    `a clipNorm of ${optimizer.clipNorm}`,
    fix,
  );
  const fixed = parameters.find(({ project }) => project)?.name;
  assertArgument(
    !fixed,
    name,
    "weights whose norms are free to change",
    `${fixed}, set to a norm after each step`,
    fix,
  );
  assertArgument(!optimizer.nesterov, name, "heavy-ball momentum", "Nesterov's, for which no schedule is exact", fix);
  assertArgument(optimizer.decay === "coupled", name, "coupled weight decay", optimizer.decay, fix);
  for (const group of groupParameters(parameters, rules)) {
    if (!group.parameters.some((parameter) => tracked.has(parameter))) continue;
    const { momentum: own = optimizer.momentum, rateFactor = 1 } = group;
    const where = `${name}, group ${group.name}`;
    assertArgument(own === momentum, where, `the momentum that it was made for, ${momentum}`, own, fix);
    assertArgument(rateFactor === 1, where, "a rate factor of 1", rateFactor, fix);
  }
}
