import type { WeightFactors } from "./factors.js";
import { ownerOf } from "./finest-groups.js";
import type { Monomials } from "./monomials.js";
import type { Requirement } from "./scaling.js";
import type { Partner } from "./weight-invariance.js";

/**
 * For weights that may not be scaled alone: what must be scaled with each, and by which power, so that the outputs stay.
 * Every tensor is scaled as a whole here. Of the sets that will do, one is given that has no smaller one inside.
 *
 * The requirements are linear in the logarithms of the tensors' factors, so that the joint scalings are the null space of
 * a matrix with a column for each tensor.
 *
 * @param alone Whether a weight may be scaled alone: it is nobody's partner.
 */
export function jointGroups(
  weights: readonly WeightFactors[],
  alone: readonly boolean[],
  requirements: Iterable<Requirement>,
  monomials: Monomials,
): ReadonlyMap<number, Partner[]> {
  const columns = weights.flatMap((_, weight) => (alone[weight] ? [] : [weight]));
  const basis = nullSpace(tensorRows(weights, columns, requirements, monomials), columns.length);
  const found = new Map<number, Partner[]>();
  if (basis.length === 0) return found;
  for (const [column, weight] of columns.entries()) {
    const circuit = smallestThrough(column, basis);
    if (!circuit) continue;
    const partners = circuit.flatMap((power, other) =>
      other === column || Math.abs(power) < 1e-6 ? [] : [{ name: weights[columns[other]!]!.name, power: tidy(power) }],
    );
    if (partners.length > 0) found.set(weight, partners);
  }
  return found;
}

const tidy = (power: number): number => Math.round(power * 1e6) / 1e6;

/** The exponents of each tensor in each requirement, each row once. */
function tensorRows(
  weights: readonly WeightFactors[],
  columns: readonly number[],
  requirements: Iterable<Requirement>,
  monomials: Monomials,
): number[][] {
  const owner = ownerOf(weights);
  const place = new Map(columns.map((weight, column) => [weight, column]));
  const rows = new Map<string, number[]>();
  for (const { product } of requirements) {
    const row = new Array<number>(columns.length).fill(0);
    for (const [factor, exponent] of monomials.powersOf(product)) {
      const column = place.get(owner[factor]!);
      if (column !== undefined) row[column]! += exponent;
    }
    if (row.some((exponent) => exponent !== 0)) rows.set(row.join(), row);
  }
  return [...rows.values()];
}

/** A basis of all v with row · v = 0, by elimination. */
function nullSpace(rows: readonly number[][], width: number): number[][] {
  const reduced: number[][] = [];
  const pivots: number[] = [];
  for (const given of rows) {
    const row = given.slice();
    for (const [k, other] of reduced.entries()) subtract(row, other, row[pivots[k]!]!);
    const pivot = row.findIndex((x) => Math.abs(x) > 1e-9);
    if (pivot < 0) continue;
    const lead = row[pivot]!;
    for (let i = 0; i < width; i++) row[i]! /= lead;
    for (const other of reduced) subtract(other, row, other[pivot]!);
    reduced.push(row);
    pivots.push(pivot);
  }
  const free = Array.from({ length: width }, (_, column) => column).filter((column) => !pivots.includes(column));
  return free.map((column) => {
    const vector = new Array<number>(width).fill(0);
    vector[column] = 1;
    for (const [k, row] of reduced.entries()) vector[pivots[k]!] = -row[column]!;
    return vector;
  });
}

function subtract(row: number[], other: readonly number[], times: number): void {
  if (times === 0) return;
  for (let i = 0; i < row.length; i++) {
    const difference = row[i]! - times * other[i]!;
    row[i] = Math.abs(difference) < 1e-12 ? 0 : difference;
  }
}

/**
 * A combination of the basis that is 1 at `column` and 0 in as many other places as go, those farthest from it first. With y
 * the coefficients and bⱼ the basis's values at j, what is wanted is y · b_column = 1 and y · bⱼ = 0 for a growing set of j:
 * there is such a y as long as b_column is not in the span of those bⱼ.
 */
function smallestThrough(column: number, basis: readonly number[][]): number[] | undefined {
  const at = (j: number): number[] => basis.map((vector) => vector[j]!);
  const width = basis[0]!.length;
  const target = at(column);
  if (norm(target) < 1e-9) return undefined;
  const order = Array.from({ length: width }, (_, j) => j)
    .filter((j) => j !== column)
    .sort((a, b) => Math.abs(b - column) - Math.abs(a - column));
  const zeros: number[][] = []; // orthonormal
  let rest = target;
  for (const j of order) {
    const direction = orthogonal(at(j), zeros);
    const size = norm(direction);
    if (size < 1e-9) continue;
    const unit = direction.map((x) => x / size);
    const left = orthogonal(rest, [unit]);
    if (norm(left) < 1e-7 * norm(target)) continue;
    zeros.push(unit);
    rest = left;
  }
  const square = dot(rest, target);
  return Array.from({ length: width }, (_, j) => dot(rest, at(j)) / square);
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const norm = (a: readonly number[]): number => Math.sqrt(dot(a, a));

/** The part of a vector that is orthogonal to all the given unit vectors, which are to each other. */
function orthogonal(vector: readonly number[], units: readonly number[][]): number[] {
  return units.reduce((rest: readonly number[], unit) => {
    const along = dot(rest, unit);
    return rest.map((x, i) => x - along * unit[i]!);
  }, vector) as number[];
}
