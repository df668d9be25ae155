import type { Value } from "../../graph/index.js";
import { any, combined, type Labels, mapped, unscaledLabels } from "./labels.js";
import { Monomials, unscaled } from "./monomials.js";
import { Ties } from "./ties.js";

/**
 * What scale factors do to a value: each element of it is multiplied by the product that its label names, but for added
 * shifts, which scale differently.
 */
export interface Scaling {
  readonly labels: Labels;
  readonly shifts: readonly Shift[];
}

/**
 * A summand that scales unlike the value it was added to, and is constant along some axes: a bias. It does no harm if its
 * mean over these axes is subtracted before anything else than linear operations happens.
 */
export interface Shift {
  readonly labels: Labels;
  /** Whether it is constant along each axis of the value. */
  readonly constant: readonly boolean[];
  /** Equal for summands that are the same numbers but for a factor, which is the next field. */
  readonly source: string;
  readonly factor: number;
  /** Where it was added. */
  readonly at: Value;
  /** What must hold besides, if the shift is not absorbed. */
  readonly pending: readonly Requirement[];
}

/** Why factors must fit together. */
export type Reason = "sum" | "bias" | "contraction" | "operator" | "comparison" | "unknown" | "output";

/** A product of factors that must be 1, for the outputs to stay as they are. */
export interface Requirement {
  readonly product: number;
  readonly reason: Reason;
  /** The value whose computation asks for it. */
  readonly at: Value;
  /** For a bias: where it was added. */
  readonly added?: Value;
}

/** A small constant that was added to something that scales. */
export interface ScaledEpsilon {
  readonly epsilon: number;
  readonly at: Value;
  readonly labels: Labels;
}

/** Collects what must hold of the factors while values are followed. */
export class ScaleAlgebra {
  readonly monomials = new Monomials();
  readonly epsilons: ScaledEpsilon[] = [];
  /** In the order of the values that ask for them; each product once. */
  readonly requirements = new Map<number, Requirement>();
  /** Shifts that somewhere had to scale as what they were added to does. */
  readonly #settled = new Set<string>();
  readonly #ties: Ties;

  /** @param owner The weight that each factor belongs to. */
  constructor(owner: Int32Array) {
    this.#ties = new Ties(owner, this.monomials);
  }

  require(requirement: Requirement): void {
    const { product } = requirement;
    if (product !== unscaled && product !== any && !this.requirements.has(product)) {
      this.requirements.set(product, requirement);
      this.#ties.note(product);
    }
  }

  /**
   * The same by what must hold so far: channels of a weight that must scale alike have one label, and a shift that must
   * scale as the rest does is none. Keeps labels small.
   */
  reduced({ labels, shifts }: Scaling): Scaling {
    return {
      labels: this.#ties.reduced(labels),
      shifts: shifts
        .filter((shift) => !(this.#settled.has(shift.source) && this.#isPart(labels, shift)))
        .map((shift) => ({ ...shift, labels: this.#ties.reduced(shift.labels) })),
    };
  }

  /** Whether a shift is known to scale as the rest does. That it had to elsewhere, beside other channels, tells nothing. */
  #isPart(labels: Labels, shift: Shift): boolean {
    const holds = (product: number): boolean => product === unscaled || this.requirements.has(product);
    let all = shift.pending.every(({ product }) => product === any || holds(product));
    combined(labels, shift.labels, (left, right) => {
      if (right !== any && (left === any || !holds(this.monomials.quotient(left, right)))) all = false;
      return left;
    });
    return all;
  }

  /** The labels that two values have in common; `require` is told what must be 1 for them to be equal. */
  equal(a: Labels, b: Labels, require: (product: number) => void): Labels {
    return combined(a, b, (left, right) => {
      if (left === any || right === any) return left === any ? right : left;
      if (left !== right) require(this.monomials.quotient(left, right));
      return left;
    });
  }

  product(a: Labels, b: Labels): Labels {
    return combined(a, b, (left, right) => (left === any || right === any ? any : this.monomials.product(left, right)));
  }

  quotient(a: Labels, b: Labels): Labels {
    return combined(a, b, (left, right) =>
      left === any || right === any ? left : this.monomials.quotient(left, right),
    );
  }

  power(labels: Labels, exponent: number): Labels {
    return mapped(labels, (product) =>
      product === any ? (exponent === 0 ? unscaled : any) : this.monomials.power(product, exponent),
    );
  }

  /**
   * The scaling without its shifts, which from here on must scale as the rest does.
   * @param all Whether these are all its shifts: they need not be followed any more then, where they are beside the same.
   */
  settled(scaling: Scaling, at: Value, all = true): Labels {
    let { labels } = scaling;
    for (const shift of scaling.shifts) {
      if (all) this.#settled.add(shift.source);
      for (const requirement of shift.pending) this.require(requirement);
      // Where zeros were shifted, the shift is all there is.
      labels = this.equal(labels, shift.labels, (product) =>
        this.require({ product, reason: "bias", at, added: shift.at }),
      );
    }
    return labels;
  }

  /** What does not scale, provided that the given does not: the outcome of an operation that knows no scale. */
  unscaledBy(scaling: Scaling, at: Value, reason: Reason): Labels {
    const labels = this.settled(scaling, at);
    for (const product of labels.products) this.require({ product, reason, at });
    return unscaledLabels(at.rank);
  }
}

/** A scaling without shifts. */
export const pure = (labels: Labels): Scaling => ({ labels, shifts: [] });
