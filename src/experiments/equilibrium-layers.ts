import { adamWEquilibrium, type Equilibrium, sgdEquilibrium } from "../dynamics/index.js";
import { median } from "../optim/index.js";
import type { RunConfig } from "../train/index.js";
import type { RecordedNorms } from "./experiment.js";

/** What the theory says of a layer beside what was measured; angles in radians per step, norms of channels. */
export interface LayerEquilibrium {
  readonly layer: string;
  /** C, the numbers in a channel. */
  readonly size: number;
  /** Channels that are left out, since no gradient reached them: nothing balances the decay. */
  readonly deadChannels: number;
  /** Predicted, and the root of the mean square over channels and steps. */
  readonly rotation: Measured;
  /** Medians over channels; the ratio's, of their ratios. Measured: the root that the theory speaks of, over steps. */
  readonly norm: Measured;
  /** Steps, over those of independent gradients; in AdamW also of gradients whose mean square v follows. */
  readonly stepRatio: number;
  /** The number of steps for the distance from equilibrium to fall by e. */
  readonly relaxationSteps: number;
}

/** A prediction, a measurement, and measured / predicted. */
export interface Measured {
  readonly predicted: number;
  readonly measured: number;
  readonly ratio: number;
}

/** How SGD with heavy ball and coupled decay, or AdamW, trains the scale-invariant weights of a run. */
export interface EquilibriumNumbers extends Pick<RunConfig, "momentum" | "beta1"> {
  readonly optimizer: "sgd" | "adamw";
  /** η, constant. */
  readonly rate: number;
  /** λ of the scale-invariant weights. */
  readonly weightDecay: number;
}

/** Sums over steps for each channel of a layer. */
interface Sums {
  readonly normPower: Float64Array;
  readonly squaredRotation: Float64Array;
  readonly squaredGradient: Float64Array;
  steps: number;
}

/**
 * Compares the equilibrium of each layer with the recorded norms, rotations and gradients from a step on.
 *
 * @param sizes C of each layer.
 * @param from The first step that counts, from 1: the norms should have settled by then.
 */
export function equilibriumOfLayers(
  numbers: EquilibriumNumbers,
  { steps, at }: RecordedNorms,
  sizes: ReadonlyMap<string, number>,
  from: number,
): LayerEquilibrium[] {
  const sums = new Map<string, Sums>();
  for (const step of steps) {
    if (step < from) continue;
    for (const [layer, { norm, rotation, gradient }] of at(step)) {
      const zeros = (): Float64Array => new Float64Array(norm.length);
      const own = sums.get(layer) ?? {
        normPower: zeros(),
        squaredRotation: zeros(),
        squaredGradient: zeros(),
        steps: 0,
      };
      sums.set(layer, own);
      own.steps++;
      for (let channel = 0; channel < norm.length; channel++) {
        own.normPower[channel]! += norm[channel]! ** powerOf(numbers);
        own.squaredRotation[channel]! += rotation[channel]! ** 2;
        own.squaredGradient[channel]! += (gradient?.[channel] ?? Number.NaN) ** 2;
      }
    }
  }
  return [...sums].map(([layer, own]) => layerEquilibrium(numbers, layer, sizes.get(layer)!, own));
}

const powerOf = ({ optimizer }: EquilibriumNumbers): 2 | 4 => (optimizer === "sgd" ? 4 : 2);

function layerEquilibrium(numbers: EquilibriumNumbers, layer: string, size: number, sums: Sums): LayerEquilibrium {
  const { steps } = sums;
  const power = powerOf(numbers);
  const alive = Array.from(sums.squaredGradient.keys()).filter((channel) => sums.squaredGradient[channel]! > 0);
  const channels = alive.map((channel) => {
    const squaredGradient = sums.squaredGradient[channel]! / steps;
    const squaredRotation = sums.squaredRotation[channel]! / steps;
    const equilibrium = predicted(numbers, size, squaredGradient);
    const norm = (sums.normPower[channel]! / steps) ** (1 / power);
    return {
      equilibrium,
      norm,
      squaredRotation,
      step: (Math.sqrt(squaredRotation) * norm) / independentStep(numbers, size, Math.sqrt(squaredGradient) / norm),
    };
  });
  const middle = (values: readonly number[]): number => median(Float64Array.from(values));
  const { rotation, relaxation } = channels[0]?.equilibrium ?? predicted(numbers, size, 1);
  const turned = Math.sqrt(channels.reduce((sum, { squaredRotation }) => sum + squaredRotation, 0) / channels.length);
  return {
    layer,
    size,
    deadChannels: sums.squaredGradient.length - alive.length,
    rotation: { predicted: rotation, measured: turned, ratio: turned / rotation },
    norm: {
      predicted: middle(channels.map(({ equilibrium }) => equilibrium.norm)),
      measured: middle(channels.map(({ norm }) => norm)),
      ratio: middle(channels.map(({ equilibrium, norm }) => norm / equilibrium.norm)),
    },
    stepRatio: middle(channels.map(({ step }) => step)),
    relaxationSteps: 1 / relaxation,
  };
}

function predicted(
  { optimizer, rate, weightDecay, momentum, beta1 }: EquilibriumNumbers,
  size: number,
  squaredGradient: number,
): Equilibrium {
  return optimizer === "sgd"
    ? sgdEquilibrium({ rate, weightDecay, momentum, squaredGradient })
    : adamWEquilibrium({ rate, weightDecay, beta1, size });
}

/** ‖Δw‖, but for decay, of gradients of that norm that are independent of each other: η‖g‖/√(1 − μ²), or AdamW's η√(C(1 − β₁)/(1 + β₁)). */
function independentStep(
  { optimizer, rate, momentum, beta1 }: EquilibriumNumbers,
  size: number,
  gradient: number,
): number {
  return optimizer === "sgd"
    ? (rate * gradient) / Math.sqrt(1 - momentum ** 2)
    : rate * Math.sqrt((size * (1 - beta1)) / (1 + beta1));
}
