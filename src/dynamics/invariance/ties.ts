import { compressed, type Labels } from "./labels.js";
import { eachPower, type Monomials, unscaled } from "./monomials.js";

/** Which channels of a weight must scale alike, as far as is known: each has the factor of one of them. */
export class Ties {
  readonly #first: Int32Array;

  constructor(
    private readonly owner: Int32Array,
    private readonly monomials: Monomials,
  ) {
    this.#first = Int32Array.from(owner, (_, factor) => factor);
  }

  /** Takes in that a product must be 1; of use if it is a ratio of two factors of one weight. */
  note(product: number): void {
    const powers = this.monomials.powersOf(product);
    const [a, p, b, q] = powers;
    if (powers.length !== 4 || p !== -q! || this.owner[a!] !== this.owner[b!]) return;
    const [left, right] = [this.#root(a!), this.#root(b!)];
    this.#first[Math.max(left, right)] = Math.min(left, right);
  }

  /** Labels in which factors that are tied are one. */
  reduced(labels: Labels): Labels {
    if (labels.products.length === 1) return labels;
    const known = new Map<number, number>();
    let changed = false;
    const products = labels.products.map((product) => {
      if (product <= unscaled) return product;
      let own = known.get(product);
      if (own === undefined) {
        own = this.#reducedProduct(product);
        known.set(product, own);
      }
      if (own !== product) changed = true;
      return own;
    });
    return changed ? compressed({ shape: labels.shape, products }) : labels;
  }

  #reducedProduct(product: number): number {
    const { monomials } = this;
    let tied = false;
    eachPower(monomials.powersOf(product), (factor) => {
      if (this.#root(factor) !== factor) tied = true;
    });
    if (!tied) return product;
    let own: number = unscaled;
    eachPower(monomials.powersOf(product), (factor, exponent) => {
      own = monomials.product(own, monomials.power(monomials.factor(this.#root(factor)), exponent));
    });
    return own;
  }

  #root(factor: number): number {
    let at = factor;
    while (this.#first[at] !== at) {
      this.#first[at] = this.#first[this.#first[at]!]!;
      at = this.#first[at]!;
    }
    return at;
  }
}
