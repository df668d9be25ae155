/** The empty product, 1: what does not scale. */
export const unscaled = 0;

/** Factors and exponents by turns, c₃²/c₇ being 3, 2, 7, −1; the factors ascend. */
export type Powers = readonly number[];

/**
 * Products of powers of scale factors, such as c₃²/c₇. Equal products are one number, so that products compare at no cost;
 * 0 is the empty product.
 */
export class Monomials {
  readonly #powers: Powers[] = [[]];
  /** The last product with each hash, and for each product the one before with the same. */
  readonly #byHash = new Map<number, number>([[hashOf([]), unscaled]]);
  readonly #before: number[] = [-1];
  readonly #products = new Map<number, number>();
  readonly #inverses: (number | undefined)[] = [unscaled];

  /** The product that consists of one factor. */
  factor(factor: number): number {
    return this.#number([factor, 1]);
  }

  /** The factors of a product and their exponents. */
  powersOf(product: number): Powers {
    return this.#powers[product]!;
  }

  /** a · b. */
  product(a: number, b: number): number {
    if (a === unscaled) return b;
    if (b === unscaled) return a;
    const key = a < b ? a * 2 ** 26 + b : b * 2 ** 26 + a; // both stay far below 2²⁶
    let known = this.#products.get(key);
    if (known === undefined) {
      known = this.#number(merged(this.powersOf(a), this.powersOf(b)));
      this.#products.set(key, known);
    }
    return known;
  }

  /** aᵖ. */
  power(a: number, exponent: number): number {
    if (a === unscaled || exponent === 1) return a;
    if (exponent === 0) return unscaled;
    return this.#number(this.powersOf(a).map((number, at) => (at % 2 === 0 ? number : number * exponent)));
  }

  /** a / b. */
  quotient(a: number, b: number): number {
    if (a === b) return unscaled;
    this.#inverses[b] ??= this.power(b, -1);
    return this.product(a, this.#inverses[b]);
  }

  #number(powers: Powers): number {
    const hash = hashOf(powers);
    const last = this.#byHash.get(hash) ?? -1;
    for (let product = last; product >= 0; product = this.#before[product]!) {
      if (sameNumbers(this.#powers[product]!, powers)) return product;
    }
    const product = this.#powers.length;
    this.#powers.push(powers);
    this.#before.push(last);
    this.#byHash.set(hash, product);
    return product;
  }
}

function hashOf(powers: Powers): number {
  let hash = 17;
  for (const number of powers) hash = (Math.imul(hash, 31) + Math.trunc(number * 64)) | 0; // 64: roots leave fractions
  return hash;
}

function sameNumbers(a: Powers, b: Powers): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (Math.abs(a[i]! - b[i]!) > 1e-9) return false;
  return true;
}

/** The factors of a product of two, in order; those whose exponents cancel are gone. */
function merged(a: Powers, b: Powers): number[] {
  const result: number[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i] ?? Infinity, b[j] ?? Infinity];
    const exponent = (left <= right ? a[i + 1]! : 0) + (right <= left ? b[j + 1]! : 0);
    if (Math.abs(exponent) > 1e-9) result.push(Math.min(left, right), exponent);
    if (left <= right) i += 2;
    if (right <= left) j += 2;
  }
  return result;
}

/** Calls `visit` with each factor and its exponent. */
export function eachPower(powers: Powers, visit: (factor: number, exponent: number) => void): void {
  for (let i = 0; i < powers.length; i += 2) visit(powers[i]!, powers[i + 1]!);
}
