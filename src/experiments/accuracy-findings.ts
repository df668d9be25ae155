import { type FinishedRun, failureText } from "./experiment.js";
import { type PairedDifference, pairedDifference } from "./paired-difference.js";

/** How far the test accuracy of every way of training is from that of the reference, a sentence each. */
export function accuracyFindings(runs: readonly FinishedRun[], reference: string): string[] {
  const label = runs.find(({ run }) => run.name === reference)?.run.label ?? reference;
  return [...new Set(runs.map(({ run }) => run.name))]
    .filter((name) => name !== reference)
    .flatMap((name) => pairedDifference(runs, name, reference) ?? [])
    .map((difference) => sentence(difference, label));
}

/** Where trainings ended early, a sentence each. */
export function failureFindings(runs: readonly FinishedRun[]): string[] {
  return runs.flatMap(({ run, seed, failure }) =>
    failure ? [`${run.label}, seed ${seed}, ${failureText(failure)}.`] : [],
  );
}

function sentence({ label, mean, halfWidth, seeds }: PairedDifference, reference: string): string {
  const points = `${Math.abs(mean).toFixed(2)} points ${mean < 0 ? "below" : "above"} ${reference}`;
  if (halfWidth === undefined) {
    return `Test accuracy, ${label}: ${points}. One seed; more (--seeds N) give an interval.`;
  }
  const [low, high] = [mean - halfWidth, mean + halfWidth].map(signed);
  return `Test accuracy, ${label}: ${points}; 95% interval ${low} to ${high}, ${seeds} seeds, paired.`;
}

const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
