import type { WeightFactors } from "./factors.js";
import { eachPower, type Monomials } from "./monomials.js";
import type { Requirement } from "./scaling.js";

/** What the requirements allow a weight alone. */
export interface FinestGroups {
  /** For each channel the number of its group, from 0; −1 where no group that it is in may be scaled alone. */
  readonly groups: Int32Array;
  /** The number of groups that may be scaled. */
  readonly count: number;
  /** The first requirement that forbids something to some group, if any does. */
  readonly broken?: Requirement;
  /** The first requirement that ties channels together, if any does. */
  readonly tied?: Requirement;
}

/** A weight's part in a requirement: its channels there, and their exponents. */
interface Row {
  readonly requirement: Requirement;
  readonly channels: number[];
  readonly exponents: number[];
}

/**
 * The finest groups of channels of each weight that may be scaled by factors of their own, all else being as it is: channels
 * that a requirement names together are in one group, and a group whose exponents do not add up to 0 is in none.
 */
export function finestGroups(
  weights: readonly WeightFactors[],
  requirements: Iterable<Requirement>,
  monomials: Monomials,
): FinestGroups[] {
  const rows = weights.map((): Row[] => []);
  const owner = ownerOf(weights);
  for (const requirement of requirements) {
    eachPower(monomials.powersOf(requirement.product), (factor, exponent) => {
      const weight = owner[factor]!;
      let row = rows[weight]!.at(-1);
      if (row?.requirement !== requirement) {
        row = { requirement, channels: [], exponents: [] };
        rows[weight]!.push(row);
      }
      row.channels.push(factor - weights[weight]!.first);
      row.exponents.push(exponent);
    });
  }
  return weights.map(({ count }, weight) => groupsOf(count, rows[weight]!));
}

/** The weight that each factor belongs to. */
export function ownerOf(weights: readonly WeightFactors[]): Int32Array {
  const last = weights.at(-1);
  const owner = new Int32Array(last ? last.first + last.count : 0);
  for (const [index, { first, count }] of weights.entries()) owner.fill(index, first, first + count);
  return owner;
}

const sumOf = ({ exponents }: Row): number => exponents.reduce((sum, exponent) => sum + exponent, 0);

function groupsOf(channels: number, rows: readonly Row[]): FinestGroups {
  const parent = Int32Array.from({ length: channels }, (_, channel) => channel);
  const root = (channel: number): number => {
    let at = channel;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  };
  for (const { channels: tied } of rows) {
    for (const channel of tied) parent[root(channel)] = root(tied[0]!);
  }
  const bad = rows.filter((row) => Math.abs(sumOf(row)) > 1e-9);
  const forbidden = new Set(bad.map(({ channels: [first] }) => root(first!)));
  const numbers = new Map<number, number>();
  const groups = Int32Array.from({ length: channels }, (_, channel) => {
    const group = root(channel);
    if (forbidden.has(group)) return -1;
    if (!numbers.has(group)) numbers.set(group, numbers.size);
    return numbers.get(group)!;
  });
  const tied = rows.find(({ channels: { length } }) => length > 1);
  return {
    groups,
    count: numbers.size,
    ...(bad[0] ? { broken: bad[0].requirement } : {}),
    ...(tied ? { tied: tied.requirement } : {}),
  };
}
