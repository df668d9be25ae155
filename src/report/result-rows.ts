import type { ExperimentReport, ReportRun } from "./experiment-report.js";
import { type PairedInterval, pairedInterval, type Sample, sampleOf } from "./paired-interval.js";

/** All seeds of one way of training. */
export interface RunGroup {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly runs: readonly ReportRun[];
}

/** One line of the result table: what the seeds of one way of training came to. */
export interface ResultRow {
  readonly group: RunGroup;
  /** Test accuracy, per cent. */
  readonly accuracy?: Sample;
  /** Test accuracy minus the reference's, in points, over the seeds that both have. */
  readonly difference?: PairedInterval;
  /** Best validation accuracy, per cent. */
  readonly validation?: Sample;
  /** Training loss of the last epoch. */
  readonly loss?: Sample;
  readonly imagesPerSecond?: Sample;
  readonly notes: readonly string[];
}

/** The runs by name, in the order of first appearance. */
export function groupRuns(runs: readonly ReportRun[]): RunGroup[] {
  return [...new Set(runs.map((run) => run.name))].map((name) => {
    const own = runs.filter((run) => run.name === name);
    return { name, label: own[0]!.label, description: own[0]!.description, runs: own };
  });
}

/** The result table, for the page and the terminal alike. The first group is the reference. */
export function resultRows(report: ExperimentReport): ResultRow[] {
  const groups = groupRuns(report.runs);
  const reference = groups[0];
  return groups.map((group) => {
    const accuracy = sampled(group, (run) => run.testAccuracy);
    const difference = reference === group ? undefined : differenceOf(group, reference!);
    const validation = sampled(group, (run) => run.bestValidation);
    const loss = sampled(group, (run) => run.trainLoss.at(-1));
    const imagesPerSecond = sampled(group, (run) => run.imagesPerSecond);
    return {
      group,
      ...(accuracy && { accuracy }),
      ...(difference && { difference }),
      ...(validation && { validation }),
      ...(loss && { loss }),
      ...(imagesPerSecond && { imagesPerSecond }),
      notes: notesOf(group),
    };
  });
}

function sampled(group: RunGroup, measure: (run: ReportRun) => number | undefined): Sample | undefined {
  const values = group.runs.map(measure).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : sampleOf(values);
}

function differenceOf(group: RunGroup, reference: RunGroup): PairedInterval | undefined {
  const pairs = group.runs.flatMap((run) => {
    const other = reference.runs.find(({ seed }) => seed === run.seed);
    const both = run.testAccuracy !== undefined && other?.testAccuracy !== undefined;
    return both ? [[run.testAccuracy, other.testAccuracy] as const] : [];
  });
  return pairs.length === 0 ? undefined : pairedInterval(pairs);
}

/** A note of every seed is said once; a note of some names them. */
function notesOf(group: RunGroup): string[] {
  const seeds = new Map<string, number[]>();
  for (const run of group.runs) {
    for (const note of new Set(run.notes)) seeds.set(note, [...(seeds.get(note) ?? []), run.seed]);
  }
  return [...seeds].map(([note, of]) => (of.length === group.runs.length ? note : `seed ${of.join(", ")}: ${note}`));
}
