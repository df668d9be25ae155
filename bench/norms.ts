import { normContests } from "./contests.js";
import type { Found } from "./engines.js";
import { normRow } from "./models.js";
import type { BenchOptions } from "./options.js";
import { measureContest } from "./rows.js";
import { fittedExponent, median, rounded } from "./statistics.js";

/** Elements from 2¹⁶ to 2²⁴. */
const batches = Array.from({ length: 9 }, (_, power) => 2 ** (16 + power) / normRow.elements);

/** Forward and backward of a batch-norm alone, over sizes. */
export interface NormResult {
  readonly metric: string;
  readonly engine: string;
  readonly threads: number;
  readonly elements: readonly number[];
  /** Median milliseconds at each size. */
  readonly milliseconds: readonly number[];
  /** p of the fit milliseconds = c · elementsᵖ: 1 where the cost is proportional, below where calls have a cost of their own. */
  readonly exponent: number;
  /** The same of the four largest sizes. */
  readonly exponentOfLargest: number;
}

/** Measures batch-norms alone in each metric, and PyTorch's. */
export async function benchNorms(
  options: BenchOptions,
  found: Found,
  say: (line: string) => void,
): Promise<{ readonly norms: readonly NormResult[] }> {
  const pace = { rounds: options.rounds, turnSeconds: 0.3, warmSeconds: 0.3 };
  const times = new Map<
    string,
    { readonly name: readonly [string, string, number]; readonly milliseconds: number[] }
  >();
  for (const contest of normContests(batches, options.threads, found)) {
    for (const { model, engine, rates } of await measureContest(contest, options, found, pace, say)) {
      const name = [model.slice("norm-".length), engine, contest.threads] as const;
      const known = times.get(name.join()) ?? { name, milliseconds: [] };
      known.milliseconds.push((1000 * contest.batch) / median(rates));
      times.set(name.join(), known);
      say(
        `${name.join(" ")}: ${contest.batch * normRow.elements} elements in ${known.milliseconds.at(-1)!.toFixed(3)} ms`,
      );
    }
  }
  const norms = [...times.values()].map(({ name, milliseconds }) => normResult(name, milliseconds));
  for (const line of normLines(norms)) say(line);
  return { norms };
}

/** The times of one batch-norm at all sizes, with what they fit. */
export function normResult([metric, engine, threads]: readonly [string, string, number], times: number[]): NormResult {
  const elements = batches.map((batch) => batch * normRow.elements);
  return {
    metric,
    engine,
    threads,
    elements,
    milliseconds: times.map((value) => rounded(value, 4)),
    exponent: rounded(fittedExponent(elements, times), 3),
    exponentOfLargest: rounded(fittedExponent(elements.slice(-4), times.slice(-4)), 3),
  };
}

function normLines(norms: readonly NormResult[]): string[] {
  const heading = [
    "norm      engine    threads",
    ...norms[0]!.elements.map((count) => `2^${Math.log2(count)}`.padStart(8)),
  ];
  return [
    `Batch-norm alone, [N, ${normRow.channels}, ${normRow.side}, ${normRow.side}], forward and backward: ns per element at each number of elements`,
    `${heading.join("")}   time ~ elements^p: all, four largest`,
    ...norms.map(({ metric, engine, threads, elements, milliseconds, exponent, exponentOfLargest }) => {
      const each = milliseconds.map((time, index) => ((1e6 * time) / elements[index]!).toFixed(3).padStart(8));
      const name = `${metric.padEnd(10)}${engine.padEnd(10)}${String(threads).padEnd(7)}`;
      return `${name}${each.join("")}   ${exponent.toFixed(2)}, ${exponentOfLargest.toFixed(2)}`;
    }),
  ];
}
