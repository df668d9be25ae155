/**
 * The effective learning rate of a direction, η/‖w‖²: how far a step turns a scale-invariant weight, per unit of gradient
 * taken at unit norm. With momentum the gradient of one step acts on all later ones, η/((1 − μ)‖w‖²) in sum.
 * (Hoffer et al. 2018, arXiv 1803.01814, section 2.) Infinite where the norm is 0.
 *
 * @param rate η, per step.
 * @param norm ‖w‖₂.
 * @param momentum μ; 0 by default, which leaves it out.
 */
export function effectiveRate(rate: number, norm: number, momentum = 0): number {
  return rate / ((1 - momentum) * norm ** 2);
}

/** {@link effectiveRate} of each channel, from the channels' L2 norms. */
export function effectiveRates(rate: number, norms: ArrayLike<number>, momentum = 0): Float64Array {
  return Float64Array.from(norms, (norm) => effectiveRate(rate, norm, momentum));
}
