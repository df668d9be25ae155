import {
  type Advice,
  advise,
  checkedNumbers,
  type FinestInvariance,
  groupNorms,
  isInvariantAlone,
  type OptimizerNumbers,
  type Partner,
  predictEquilibrium,
  turningRate,
  type WeightInvariance,
} from "../../dynamics/index.js";
import type { Role } from "../../graph/index.js";
import type { OnnxFile, UnknownOperator } from "../../onnx/index.js";
import { invarianceOf } from "../invariance-of.js";
import { type ModelGraph, type ModelGraphOptions, modelGraph } from "../model-graph.js";
import { type Spread, spreadOf } from "../spread-of.js";
import { type GroupKind, groupsOf } from "../weight-groups.js";
import { floatTensor } from "../weights/float-tensor.js";
import { deadChannels } from "./dead-channels.js";
import { type EpsilonEffect, epsilonEffect } from "./epsilon-effect.js";
import { foldedExport } from "./folded-export.js";

/** Options of {@link inspectModel}. */
export interface InspectionOptions {
  /** What the weights are to be trained with; absent: no rates and no equilibrium. */
  readonly optimizer?: OptimizerNumbers;
  /** Steps of the whole run. */
  readonly steps?: number;
}

/** What is found of one weight. */
export interface InspectedWeight {
  /** As the file calls it. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: Role;
  readonly invariance: FinestInvariance;
  /** The chain of operations that absorbs the scale, or that breaks it. */
  readonly because: string;
  /** Whether that is guessed by name and shape alone. */
  readonly guess?: true;
  /** Whether the outputs do not depend on it at all. */
  readonly withoutEffect: boolean;
  /** For `joint`: what must be scaled with it. */
  readonly partners: readonly Partner[];
  /** The axis of the channels. */
  readonly axis: number;
  /** What the norms are of: what is scaled as one, or a channel where nothing is. */
  readonly normOf: GroupKind;
  /** How many of these there are, and how many numbers each has (the mean). */
  readonly count: number;
  readonly size: number;
  /** ‖w‖₂; absent where the values are not there. */
  readonly norm?: Spread;
  /** Channels, counted from 0, without a norm, or with a gain γ next to 0 behind them. */
  readonly dead: readonly number[];
  readonly epsilon?: EpsilonEffect;
  /** See {@link turningRate}; of invariant weights. */
  readonly rate?: Spread;
  /** ‖w‖₂ at equilibrium; of invariant weights trained by AdamW. */
  readonly equilibriumNorm?: number;
}

/** What the theory says of a model's weights. */
export interface Inspection {
  readonly weights: readonly InspectedWeight[];
  readonly optimizer?: OptimizerNumbers;
  /** Of all weights that are scale-invariant on their own: rotation in radians per step; steps for a distance to fall by e. */
  readonly equilibrium?: { readonly rotation: number; readonly relaxationSteps: number; readonly power: 2 | 4 };
  readonly advice: readonly Advice[];
  /** Operators that could not be followed: what depends on them is not invariant as far as anybody can tell. */
  readonly unknown: readonly UnknownOperator[];
  /** What else a reader should know. */
  readonly notes: readonly string[];
}

/**
 * Finds which weights of an ONNX model are scale-invariant and why, and what follows for its training: without running it.
 *
 * @throws DataError or ShapeError if the file cannot be followed; InvalidArgumentError for numbers out of range.
 * @example
 * const { weights } = inspectModel(readOnnx(bytes), { optimizer: { optimizer: "sgd", rate: 0.1, weightDecay: 5e-4 } });
 */
export function inspectModel(file: OnnxFile, options: InspectionOptions & ModelGraphOptions = {}): Inspection {
  const model = modelGraph(file, options);
  const inspection = inspectGraph(model, invarianceOf(model), options);
  const folded = foldedExport(file);
  return folded === undefined ? inspection : { ...inspection, notes: [...inspection.notes, folded] };
}

/** {@link inspectModel} for a model that is a graph already, and what an analysis found of its parameters. */
export function inspectGraph(
  model: ModelGraph,
  invariances: readonly WeightInvariance[],
  options: InspectionOptions = {},
): Inspection {
  const roles = new Map(model.parameters.map(({ name, role }) => [name, role]));
  const weights = invariances.map((found) => inspectWeight(found, roles.get(found.name) ?? "weight", model, options));
  return concluded(weights, options, model.unknown, []);
}

/** Adds what follows from all weights together. */
export function concluded(
  weights: readonly InspectedWeight[],
  { optimizer, steps }: InspectionOptions,
  unknown: readonly UnknownOperator[],
  notes: readonly string[],
): Inspection {
  const settled = optimizer && predictEquilibrium(optimizer, 1);
  const advised = weights.map(({ norm, epsilon, dead, count, ...weight }) => ({
    ...weight,
    dead: dead.length,
    channels: weight.shape[weight.axis] ?? 1,
    ...(norm ? { norm: norm.median } : {}),
    ...(epsilon?.effect ? { epsilonEffect: epsilon.effect.max } : {}),
  }));
  return {
    weights,
    ...(optimizer ? { optimizer } : {}),
    ...(settled && weights.some(isInvariantAlone)
      ? { equilibrium: { rotation: settled.rotation, relaxationSteps: 1 / settled.relaxation, power: settled.power } }
      : {}),
    advice: advise(advised, { ...(optimizer ? { optimizer } : {}), ...(steps === undefined ? {} : { steps }) }),
    unknown,
    notes,
  };
}

function inspectWeight(
  found: WeightInvariance,
  role: Role,
  model: ModelGraph,
  { optimizer }: InspectionOptions,
): InspectedWeight {
  const { name, shape, invariance, because, withoutEffect, partners, axis } = found;
  const groups = groupsOf(found);
  const tensor = model.read(name);
  const norms = tensor && groupNorms(floatTensor(tensor), groups);
  const norm = norms && norms.length > 0 ? spreadOf(norms) : undefined;
  const members = Array.from(groups.groups).filter((group) => group >= 0).length;
  const perChannel = shape.reduce((product, each) => product * each, 1) / Math.max(1, shape[axis] ?? 1);
  const size = (perChannel * members) / Math.max(1, groups.count);
  const epsilon = epsilonEffect(found, model);
  const isRated = optimizer !== undefined && isInvariantAlone(found) && !withoutEffect;
  const rates = isRated && norms ? spreadOf(norms.map((each) => turningRate(optimizer, each, size))) : undefined;
  const settled = isRated ? predictEquilibrium(checkedNumbers(optimizer), size)?.norm : undefined;
  return {
    name,
    shape,
    role,
    invariance,
    because,
    withoutEffect,
    partners,
    axis,
    normOf: groups.kind,
    count: groups.count,
    size,
    ...(norm ? { norm } : {}),
    dead: tensor && role === "weight" ? deadChannels(found, tensor, model) : [],
    ...(epsilon ? { epsilon } : {}),
    ...(rates ? { rate: rates } : {}),
    ...(settled === undefined ? {} : { equilibriumNorm: settled }),
  };
}
