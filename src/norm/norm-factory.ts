import type { Layer } from "../graph/index.js";

/** What a network asks of the normalization in one of its places. */
export interface NormPlace {
  /** What γ starts as, where the normalization has one; 1 by default. 0 makes a residual branch start as nothing. */
  readonly initialGain?: number;
}

/**
 * Makes the normalizations of a network, one for each place: `(place) => batchNorm({ metric: l1(), ...place })`.
 * `undefined` instead of a factory stands for a network's usual one, `"none"` for a network without.
 */
export type NormFactory = ((place: NormPlace) => Layer) | "none";
