import { scalar, type Tensor } from "../core/index.js";
import type { ChannelValues, Optimizer, StepDirective } from "../optim/index.js";
import { epsilonScaleInput, statisticsScaleInput } from "./network-scope.js";
import { controlledRateInput, lossScaleInput, rateInput, scalarInput, type TrainingStep } from "./training-step.js";

/** Numbers that a step takes beside its batch. */
export interface StepNumbers {
  /** Which update this is, from 1; steps that were skipped are not counted. */
  readonly update: number;
  /** η of the schedule. */
  readonly scheduledRate: number;
  readonly directive: StepDirective | undefined;
  readonly lossScale: number;
}

/** The numbers of a step by the names of its inputs, those included that its program may have left out. */
export function stepFeeds(
  { groups, tracked }: Pick<TrainingStep, "groups" | "tracked">,
  { rule }: Optimizer,
  { update, scheduledRate, directive, lossScale }: StepNumbers,
): Record<string, Tensor> {
  const number = (value: number): Tensor => scalar(value, "float64");
  const feeds: Record<string, Tensor> = { [lossScaleInput]: number(lossScale) };
  for (const [name, at] of Object.entries(rule.scalars ?? {})) feeds[scalarInput(name)] = number(at(update));
  for (const { name } of groups) feeds[rateInput(name)] = number(scheduledRate);
  if (directive === undefined) return feeds;
  if (typeof directive.rate === "number") feeds[controlledRateInput()] = number(directive.rate);
  else {
    for (const { name, value } of tracked) {
      feeds[controlledRateInput(name)] = channelTensor(directive.rate.get(name)!, value.rank);
    }
  }
  feeds[epsilonScaleInput] = number(directive.epsilonScale ?? 1);
  feeds[statisticsScaleInput] = number(directive.statisticsScale ?? 1);
  return feeds;
}

/** [C, 1, …], to be broadcast over a weight of the given rank. */
export function channelTensor(data: Float64Array, rank: number): Tensor {
  return { dtype: "float64", shape: [data.length, ...new Array<number>(rank - 1).fill(1)], data };
}

/** η/‖w‖² of every channel, by the rate that the step used. */
export function effectiveRates(
  norms: ChannelValues,
  rate: number | ChannelValues,
  { groups }: Pick<TrainingStep, "groups">,
): ChannelValues {
  const factorOf = (name: string): number =>
    groups.find(({ parameters }) => parameters.some((parameter) => parameter.name === name))?.rateFactor ?? 1;
  return new Map(
    [...norms].map(([name, channels]) => {
      const factor = factorOf(name);
      const used = (channel: number): number => factor * (typeof rate === "number" ? rate : rate.get(name)![channel]!);
      return [name, channels.map((norm, channel) => used(channel) / (norm * norm))];
    }),
  );
}
