import { effectiveRates, normLimit, steadyState } from "../../dynamics/index.js";
import { spreadOf } from "../spread-of.js";
import type { TraceNumbers, TracePoint } from "./weight-trace.js";

/** What was measured of a weight at a moment. */
export interface Measured {
  /** Steps taken. */
  readonly step: number;
  /** ‖w‖₂ of each channel. */
  readonly norms: ArrayLike<number>;
  /** The rate that the channels' effective rates are of; that of the step to come by default. */
  readonly rate?: number;
  /** Whether the weight's scale changes nothing, so that the theory applies. */
  readonly invariant: boolean;
  /** Steps that the rotations are about, and the first of them. */
  readonly steps?: number;
  readonly firstStep?: number;
  /** Root mean square angle of one step, of each channel. */
  readonly rotations?: ArrayLike<number>;
  readonly persistence?: number;
}

/** A measurement with what follows from it and the hyperparameters. */
export function tracePoint(measured: Measured, numbers: TraceNumbers): TracePoint {
  const { step, norms, steps, firstStep = 0, rotations, persistence, invariant } = measured;
  const norm = spreadOf(norms);
  const point: TracePoint = {
    step,
    norm,
    effectiveRate: spreadOf(effectiveRates(measured.rate ?? numbers.rateAt(step), norms)),
    ...(steps === undefined ? {} : { steps }),
    ...(persistence === undefined || Number.isNaN(persistence) ? {} : { persistence }),
  };
  if (rotations === undefined) return point;
  const rotation = spreadOf(rotations);
  const turned = { ...point, rotation };
  if (!invariant || steps === undefined) return turned;
  const steady = steadyState({ ...numbers, rate: meanRate(numbers, firstStep, firstStep + steps) });
  if (steady.rotation === 0) return turned;
  return {
    ...turned,
    predictedRotation: steady.rotation,
    alignment: rotation.median / steady.rotation,
    normLimit: normLimit(norm.median, rotation.median, steady),
    relaxationSteps: 1 / steady.relaxation,
  };
}

/** Squared rotations are proportional to the rate, so that its mean is what predicts their mean. */
function meanRate({ rateAt }: TraceNumbers, from: number, to: number): number {
  let sum = 0;
  for (let step = from; step < to; step++) sum += rateAt(step);
  return sum / (to - from);
}
