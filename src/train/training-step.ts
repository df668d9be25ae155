import type { Shape } from "../core/index.js";
import {
  type Buffer,
  fullPrecision,
  Graph,
  isFullPrecision,
  mul,
  type Parameter,
  type Precision,
  type Program,
  sub,
  type Value,
  zeroIfFinite,
} from "../graph/index.js";
import {
  type Group,
  type GroupRule,
  groupParameters,
  lastLayer,
  type Optimizer,
  type Slot,
  type SlotKind,
  type StepControl,
} from "../optim/index.js";
import { invariantGroups } from "./invariant-groups.js";
import { channelNorms, channelRotations, channelsOf, flat, trackedParameters } from "./measure.js";
import { networkScope } from "./network-scope.js";
import type { BatchShape, Objective } from "./objective.js";
import { overflowFlags, watchedLayers } from "./overflow-flags.js";
import { clipped, type Member, stepGradients } from "./step-gradients.js";

/** What a training step is made of. */
export interface TrainingStepOptions {
  readonly objective: Objective;
  /** Of the batch that the step is for. */
  readonly shape: BatchShape;
  readonly optimizer: Optimizer;
  /** First match wins; what none takes uses the optimizer's numbers. None by default. */
  readonly groups?: readonly GroupRule[];
  /** Takes over the step size of the scale-invariant weights. */
  readonly control?: Pick<StepControl, "perChannel" | "scalesEpsilon" | "weightDecay">;
  /** Whether norms and rotations are measured; adds the outputs `norms`, `nextNorms` and `rotations`. */
  readonly measure?: boolean;
  /** Whether the gradients of the scale-invariant weights are measured with them; adds the output `gradients`. */
  readonly measureGradients?: boolean;
  /**
   * Number formats that are emulated; float32 throughout by default. In any other the loss is scaled by an input, and
   * there are the outputs `finite`, 0 if the loss and all gradients are finite and NaN if not, and `badStatistics`.
   */
  readonly precision?: Precision;
}

/** A whole training step as one program: forward, backward, update and measurements. */
export interface TrainingStep {
  /**
   * Inputs: the objective's, {@link rateInput} of each group (and the control's), the state.
   * Outputs: `loss` (mean over the batch, before the step), the objective's counts, and measurements.
   */
  readonly program: Program;
  /** Names of the outputs that are counts. */
  readonly counts: readonly string[];
  /** In half precision: the normalizations whose statistics are watched, in the order of the output `badStatistics`. */
  readonly watched: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly buffers: readonly Buffer[];
  readonly groups: readonly Group[];
  /** The scale-invariant weights, in the order of the measured vectors. */
  readonly tracked: readonly Parameter[];
  /** Kept tensors of the optimizer: state name, degree, shape, and the parameter that they are kept beside. */
  readonly slots: readonly (SlotKind & { readonly shape: Shape; readonly parameter: Parameter })[];
}

/** Name of the input that the loss is multiplied by, a scalar, in half precision. */
export const lossScaleInput = "lossScale";

/** Name of the input that holds a group's learning rate, a scalar. */
export const rateInput = (group: string): string => `rate/${group}`;

/** Name of the input that holds the controlled rate: one scalar, or one vector [C, 1, …] per weight. */
export const controlledRateInput = (parameter?: string): string =>
  parameter === undefined ? "control/rate" : `control/rate/${parameter}`;

/** Name of the input that holds one of the optimizer's numbers of the step, a scalar. */
export const scalarInput = (name: string): string => `step/${name}`;

/** Name of a state tensor that an optimizer keeps beside a parameter. */
export const slotName = (slot: string, parameter: string): string => `optimizer/${slot}/${parameter}`;

/** Builds the program of one training step. */
export function trainingStep(options: TrainingStepOptions): TrainingStep {
  const graph = new Graph();
  const { precision = fullPrecision } = options;
  const half = !isFullPrecision(precision);
  const scalesEpsilon = options.control?.scalesEpsilon ?? false;
  const scope = networkScope(graph, { training: true, scalesEpsilon, precision });
  const { loss, counts } = options.objective.apply(scope, options.shape);
  const { parameters, buffers } = scope;
  const groups = groupParameters(parameters, options.groups ?? []);
  const updates: Record<string, Value> = {};
  for (const buffer of buffers) if (buffer.next) updates[buffer.name] = buffer.next;
  const members = stepGradients(loss, groups, half ? graph.input(lossScaleInput) : undefined);
  const normAxes = options.optimizer.normAware ? invariantGroups(loss, parameters) : new Map();
  const slots = update({ graph, members, parameters, normAxes }, options, updates);

  const tracked = trackedParameters(parameters);
  const measured =
    options.measure && tracked.length > 0
      ? {
          ...measurements(tracked, updates),
          ...(options.measureGradients ? { gradients: unitGradients(tracked, members) } : {}),
        }
      : {};
  const watched = half ? watchedLayers(scope.statistics) : [];
  const checks = {
    ...(half ? { finite: zeroIfFinite([loss, ...members.map(({ gradient }) => gradient)]) } : {}),
    ...(watched.length > 0 ? { badStatistics: overflowFlags(scope.statistics) } : {}),
  };
  const program: Program = { graph, outputs: { loss, ...counts, ...checks, ...measured }, updates };
  return { program, counts: Object.keys(counts), watched, parameters, buffers, groups, tracked, slots };
}

/** What the update of a network is made from. */
interface UpdateParts {
  readonly graph: Graph;
  readonly members: readonly Member[];
  /** All that were declared, in order. */
  readonly parameters: readonly Parameter[];
  /** By scale-invariant parameter: the axes over which its norms are taken. */
  readonly normAxes: ReadonlyMap<Parameter, readonly number[]>;
}

/** Adds the update of every parameter; returns the optimizer's kept tensors. */
function update(
  { graph, members, parameters, normAxes }: UpdateParts,
  { optimizer, control }: TrainingStepOptions,
  updates: Record<string, Value>,
): TrainingStep["slots"] {
  const rates = new Map<string, Value>();
  const input = (name: string, shape: readonly number[] = []): Value => {
    const known = rates.get(name) ?? graph.input(name, shape);
    rates.set(name, known);
    return known;
  };
  const controlledRate = (parameter: Parameter): Value =>
    control?.perChannel
      ? input(controlledRateInput(parameter.name), [
          channelsOf(parameter),
          ...new Array<number>(parameter.value.rank - 1).fill(1),
        ])
      : input(controlledRateInput());

  const isLast = lastLayer();
  const limited = clipped(members, optimizer.clipNorm);
  return limited.flatMap(({ group, parameter, gradient }) => {
    const controlled = control !== undefined && parameter.scaleInvariance !== "none";
    const rate = controlled ? controlledRate(parameter) : input(rateInput(group.name));
    const { value: weight, name } = parameter;
    const groupAxes = normAxes.get(parameter);
    const kept: (Slot & TrainingStep["slots"][number])[] = [];
    const keep = (wanted: string): Slot => {
      const known = kept.find((slot) => slot.name === slotName(wanted, name));
      if (known) return known;
      const { degree, per } = optimizer.rule.slots.find((kind) => kind.name === wanted)!;
      const shape = per === "group" ? weight.shape.map((n, axis) => (groupAxes?.includes(axis) ? 1 : n)) : weight.shape;
      const stateName = slotName(wanted, name);
      const slot = { name: stateName, degree, shape, parameter, value: graph.input(stateName, shape) };
      kept.push(slot);
      return slot;
    };
    const step = optimizer.rule.apply(gradient, {
      weight,
      gradient,
      rate: group.rateFactor === undefined ? rate : mul(rate, group.rateFactor),
      scheduledRate: rate,
      momentum: group.momentum ?? optimizer.momentum,
      weightDecay: (controlled ? control.weightDecay : undefined) ?? group.weightDecay ?? optimizer.weightDecay,
      normAxes: groupAxes,
      adaptiveClip: group.adaptiveClip ?? (isLast(parameter, parameters) ? undefined : optimizer.adaptiveClip),
      slot: keep,
      scalar: (wanted) => input(scalarInput(wanted)),
    });
    const updated = sub(weight, step);
    updates[name] = parameter.project?.(updated) ?? updated;
    for (const slot of kept) if (slot.next) updates[slot.name] = slot.next;
    return kept.map(({ name: stateName, degree, shape }) => ({ name: stateName, degree, shape, parameter }));
  });
}

/** ‖w‖‖g‖ of all channels: 2-norms of the gradients with respect to weights at unit norm. */
function unitGradients(tracked: readonly Parameter[], members: readonly Member[]): Value {
  return flat(
    tracked.map((parameter) => {
      const gradient = members.find((member) => member.parameter === parameter)?.gradient;
      const norms = channelNorms(parameter.value, parameter);
      return gradient ? mul(norms, channelNorms(gradient, parameter)) : mul(norms, 0);
    }),
  );
}

function measurements(tracked: readonly Parameter[], updates: Readonly<Record<string, Value>>): Record<string, Value> {
  const each = tracked.map((parameter) => {
    const { name, value } = parameter;
    const next = updates[name] ?? value;
    const norms = channelNorms(value, parameter);
    const nextNorms = channelNorms(next, parameter);
    const moved = channelNorms(sub(next, value), parameter);
    return { norms, nextNorms, rotations: channelRotations(moved, norms, nextNorms) };
  });
  return {
    norms: flat(each.map(({ norms }) => norms)),
    nextNorms: flat(each.map(({ nextNorms }) => nextNorms)),
    rotations: flat(each.map(({ rotations }) => rotations)),
  };
}
