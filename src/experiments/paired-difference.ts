import { type PairedInterval, pairedInterval } from "../report/index.js";
import type { FinishedRun } from "./experiment.js";

/** A difference of test accuracies, in points, paired by seed. */
export interface PairedDifference extends PairedInterval {
  /** Label of the run compared. */
  readonly label: string;
  readonly seeds: number;
}

/** Test accuracy of one run less that of another, over the seeds that have both and did not fail; `undefined` if none has. */
export function pairedDifference(
  runs: readonly FinishedRun[],
  name: string,
  reference: string,
): PairedDifference | undefined {
  const of = (wanted: string): FinishedRun[] => runs.filter(({ run }) => run.name === wanted);
  const pairs = of(name).flatMap(({ seed, testAccuracy }) => {
    const partner = of(reference).find((other) => other.seed === seed)?.testAccuracy;
    return partner === undefined || testAccuracy === undefined ? [] : [[testAccuracy, partner] as const];
  });
  if (pairs.length === 0) return undefined;
  return { ...pairedInterval(pairs), label: of(name)[0]!.run.label, seeds: pairs.length };
}
