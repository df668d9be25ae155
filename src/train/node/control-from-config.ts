import { translateSchedule } from "../../dynamics/index.js";
import {
  exactSchedule,
  normSchedule,
  paperCorrection,
  parseSchedule,
  type StepControl,
  scheduleRates,
} from "../../optim/index.js";
import type { RunConfig } from "../run-config.js";
import { followedNorms } from "./recorded-run.js";

/**
 * The step-size control that a configuration asks for.
 * @throws RunError if it follows a recorded run that is not there or does not fit.
 */
export function controlOf(config: RunConfig, stepsPerEpoch: number): StepControl | undefined {
  const { control, learningRate } = config;
  if (control.kind === "none") return undefined;
  if (control.kind === "exact-schedule") return exactControl(config, stepsPerEpoch);
  const granularity = control.granularity === "epoch" ? { stepsPerEpoch } : ("step" as const);
  const options = { cap: control.cap, granularity };
  const record = followedNorms(config, control.reference, config.epochs * stepsPerEpoch, options);
  return control.kind === "paper-correction"
    ? paperCorrection(record, options)
    : normSchedule(record, { ...options, learningRate });
}

/** The exact schedule of a configuration that has one; it reads no other run. */
export function exactControl(config: RunConfig, stepsPerEpoch: number): StepControl | undefined {
  const { control, momentum } = config;
  if (control.kind !== "exact-schedule") return undefined;
  const steps = config.epochs * stepsPerEpoch;
  const translated = translateSchedule({
    rates: scheduleRates(parseSchedule(config.schedule), config.learningRate, steps, stepsPerEpoch),
    momentum,
    weightDecay: control.fromWeightDecay,
    toWeightDecay: control.toWeightDecay,
    rescaleBelow: 1e-6, // keeps float32's range, far from where any usual run gets
  });
  return exactSchedule(translated, { weightDecay: control.toWeightDecay, followEpsilon: control.followEpsilon });
}
