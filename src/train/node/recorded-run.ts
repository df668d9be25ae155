import { expectation, RunError } from "../../core/index.js";
import { readRun } from "../../io/files/index.js";
import { type NormRecord, type RecordedControlOptions, recordedStep } from "../../optim/index.js";
import type { RunConfig } from "../run-config.js";
import { readRunConfig } from "./run-config.js";
import { normRecord } from "./run-recorder.js";

/**
 * The norms that a run follows.
 * @throws RunError if the recorded run is of another network, shorter, or lacks norms that will be asked for.
 */
export function followedNorms(
  config: RunConfig,
  path: string,
  steps: number,
  options: RecordedControlOptions,
): NormRecord {
  requireSameNetwork(config, path);
  const reader = readRun(path).readNorms();
  const record = normRecord(reader);
  const recorded = new Set(reader.steps);
  const missing = Array.from({ length: steps }, (_, step) => recordedStep(record, step, options) + 1) // logged from 1
    .find((step) => !recorded.has(step));
  if (record.steps < steps || missing !== undefined) {
    const got = `${record.steps} steps with norms of ${recorded.size}`;
    const fix = "train it for at least as long, with --measure-every 1";
    throw new RunError(expectation(path, `a run of ${steps} steps with norms of each`, got, fix));
  }
  return record;
}

/** Throws a RunError if the run that directions are compared with is of another network, shorter, or without snapshots. */
export function requireComparable(config: RunConfig): void {
  const path = config.compareWith;
  if (path === undefined) return;
  const { epochs, snapshots } = requireSameNetwork(config, path);
  if (epochs < config.epochs || !snapshots) {
    const got = `${epochs} epochs, ${snapshots ? "with" : "without"} snapshots`;
    const fix = "train it for at least as long, with --snapshots";
    throw new RunError(expectation(path, `a run of at least ${config.epochs} epochs with snapshots`, got, fix));
  }
}

/** The configuration of another run, if it is of the same network. */
function requireSameNetwork(config: RunConfig, path: string): RunConfig {
  const held = readRunConfig(path);
  const network = ({ model, width, norm, weightNorm }: RunConfig): string =>
    [
      `${model}, width ${width}`,
      ...(norm.kind === "batch" ? [] : [`norm ${norm.kind}`]),
      ...(weightNorm.kind === "none" ? [] : [`weight norm ${weightNorm.kind}`]),
      ...(weightNorm.kind === "weight" && weightNorm.per === "layer" ? ["one norm per layer"] : []), // not per channel
    ].join(", ");
  if (network(held) !== network(config)) {
    const fix = "choose one of the same network";
    throw new RunError(expectation(path, `a run of ${network(config)}`, network(held), fix));
  }
  return held;
}
