import { add, div, minimum, mul, sqrt, square, total, type Value } from "../graph/index.js";

/** Keeps the coefficient finite for gradients that are all 0; PyTorch's number. */
const least = 1e-6;

/**
 * Gradients times min(1, max / (‖g‖ + 1e-6)), ‖g‖ being the 2-norm over all of them together, as PyTorch's
 * `clip_grad_norm_` (Pascanu et al. 2013, algorithm 1).
 */
export function clipByGlobalNorm(gradients: readonly Value[], max: number): Value[] {
  if (gradients.length === 0) return [];
  const norm = sqrt(gradients.map((gradient) => total(square(gradient))).reduce((sum, part) => add(sum, part)));
  const coefficient = minimum(div(max, add(norm, least)), 1);
  return gradients.map((gradient) => mul(gradient, coefficient));
}
