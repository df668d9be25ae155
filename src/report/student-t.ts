import { assertArgument } from "../core/index.js";

/**
 * The number t with P(|T| ≤ t) = `coverage` for Student's t with a whole number of degrees of freedom: 12.706, 4.303,
 * 3.182, … for 0.95. Solves the closed forms of Abramowitz and Stegun 26.7.3 (odd) and 26.7.4 (even) by bisection.
 * Throws an InvalidArgumentError unless 0 < coverage < 1 and the degrees of freedom are a positive integer.
 */
export function studentT(coverage: number, degreesOfFreedom: number): number {
  const where = "studentT";
  assertArgument(coverage > 0 && coverage < 1, where, "coverage in (0, 1)", coverage);
  const whole = Number.isInteger(degreesOfFreedom) && degreesOfFreedom > 0;
  assertArgument(whole, where, "a positive whole number of degrees of freedom", degreesOfFreedom);
  let low = 0;
  let high = Math.PI / 2;
  for (let i = 0; i < 64; i++) {
    const middle = (low + high) / 2;
    if (central(middle, degreesOfFreedom) < coverage) low = middle;
    else high = middle;
  }
  return Math.sqrt(degreesOfFreedom) * Math.tan((low + high) / 2);
}

/** P(|T| ≤ √ν tan θ): a finite sum in powers of cos θ. */
function central(theta: number, degreesOfFreedom: number): number {
  const odd = degreesOfFreedom % 2 === 1;
  const cosine = Math.cos(theta);
  let term = odd ? cosine : 1;
  let sum = degreesOfFreedom === 1 ? 0 : term;
  for (let power = odd ? 3 : 2; power <= degreesOfFreedom - 2; power += 2) {
    term *= ((power - 1) / power) * cosine ** 2;
    sum += term;
  }
  const series = Math.sin(theta) * sum;
  return odd ? (2 / Math.PI) * (theta + series) : series;
}
