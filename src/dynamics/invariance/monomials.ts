/** One factor cᵖ of a product: the number of the factor c, and p. */
export type Power = readonly [factor: number, exponent: number];

/** The empty product, 1: what does not scale. */
export const unscaled = 0;

/**
 * Products of powers of scale factors, such as c₃²/c₇. Equal products are one number, so that products compare at no cost;
 * 0 is the empty product.
 */
export class Monomials {
  readonly #powers: (readonly Power[])[] = [[]];
  readonly #numbers = new Map<string, number>([["", unscaled]]);
  readonly #products = new Map<number, number>();

  /** The product that consists of one factor. */
  factor(factor: number): number {
    return this.#number([[factor, 1]]);
  }

  /** The factors of a product, by their numbers. */
  powersOf(product: number): readonly Power[] {
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
    return exponent === 0 ? unscaled : this.#number(this.powersOf(a).map(([factor, p]) => [factor, p * exponent]));
  }

  /** a / b. */
  quotient(a: number, b: number): number {
    return a === b ? unscaled : this.product(a, this.power(b, -1));
  }

  #number(powers: readonly Power[]): number {
    const key = powers.join(";");
    let known = this.#numbers.get(key);
    if (known === undefined) {
      known = this.#powers.length;
      this.#powers.push(powers);
      this.#numbers.set(key, known);
    }
    return known;
  }
}

/** The factors of a product of two, in order; those whose exponents cancel are gone. */
function merged(a: readonly Power[], b: readonly Power[]): Power[] {
  const result: Power[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (right === undefined || (left !== undefined && left[0] < right[0])) {
      result.push(left!);
      i++;
    } else if (left === undefined || right[0] < left[0]) {
      result.push(right);
      j++;
    } else {
      const exponent = left[1] + right[1];
      if (Math.abs(exponent) > 1e-9) result.push([left[0], exponent]); // roots leave fractions
      i++;
      j++;
    }
  }
  return result;
}
