import type { WeightFactors } from "./factors.js";
import { ownerOf } from "./finest-groups.js";
import { eachPower, Monomials, unscaled } from "./monomials.js";
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
  for (const column of columns.keys()) {
    if (found.has(columns[column]!)) continue;
    const circuit = smallestThrough(column, basis)?.flatMap((power, at) =>
      Math.abs(power) < 1e-6 ? [] : [{ weight: columns[at]!, power }],
    );
    // It is the smallest through each of its members.
    for (const { weight, power } of circuit ?? []) {
      const others = circuit!.filter((other) => other.weight !== weight);
      const partners = others.map((other) => ({ name: weights[other.weight]!.name, power: tidy(other.power / power) }));
      if (partners.length > 0 && !found.has(weight)) found.set(weight, partners);
    }
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
  const place = new Int32Array(weights.length).fill(-1);
  for (const [column, weight] of columns.entries()) place[weight] = column;
  const totals = new Monomials();
  const rows = new Set<number>();
  for (const { product } of requirements) {
    let row = unscaled;
    eachPower(monomials.powersOf(product), (factor, exponent) => {
      const column = place[owner[factor]!]!;
      if (column >= 0) row = totals.product(row, totals.power(totals.factor(column), exponent));
    });
    rows.add(row);
  }
  return [...rows].map((row) => {
    const dense = new Array<number>(columns.length).fill(0);
    eachPower(totals.powersOf(row), (column, exponent) => {
      dense[column] = exponent;
    });
    return dense;
  });
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

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
const norm = (a: readonly number[]): number => Math.sqrt(dot(a, a));

/** The part of a vector that is orthogonal to all the given unit vectors, which are to each other. */
function orthogonal(vector: readonly number[], units: readonly number[][]): number[] {
  const rest = vector.slice();
  for (const unit of units) {
    const along = dot(rest, unit);
    for (let i = 0; i < rest.length; i++) rest[i]! -= along * unit[i]!;
  }
  return rest;
}
