import { assertArgument } from "../core/index.js";
import type { RecordedControlOptions } from "./paper-correction.js";
import type { ChannelValues, NormRecord } from "./step-control.js";

/**
 * The recorded norms that apply at a step, for each of the weights that have norms now.
 * @throws InvalidArgumentError if the record is of another network.
 */
export async function recordedNorms(
  record: NormRecord,
  step: number,
  present: ChannelValues,
  options: RecordedControlOptions,
): Promise<(weight: string) => Float32Array> {
  const recorded = await record.at(recordedStep(record, step, options));
  for (const [name, { length }] of present) {
    const got = recorded.get(name)?.length ?? "none";
    assertArgument(got === length, "recorded norms", `${length} channels of ${name}`, got, "record the same network");
  }
  return (weight) => recorded.get(weight)!;
}

/** The step whose recorded norms apply at a step. */
export function recordedStep(
  { steps }: Pick<NormRecord, "steps">,
  step: number,
  { granularity = "step" }: RecordedControlOptions,
): number {
  if (granularity === "step") return step;
  const { stepsPerEpoch } = granularity;
  return Math.min((Math.floor(step / stepsPerEpoch) + 1) * stepsPerEpoch, steps - 1);
}

/** Applies a function to the channels of every weight. */
export function eachWeight(
  values: ChannelValues,
  map: (name: string, channels: Float64Array) => Float64Array,
): ChannelValues {
  return new Map([...values].map(([name, channels]) => [name, map(name, channels)]));
}
