import { expectation, ShapeError } from "../../core/index.js";
import { neededValues, type Value } from "../../graph/index.js";
import { coursesOf } from "./course.js";
import { explainer } from "./explain.js";
import { numberFactors, type WeightFactors } from "./factors.js";
import { type FinestGroups, finestGroups, ownerOf } from "./finest-groups.js";
import { jointGroups } from "./joint-groups.js";
import { eachPower, unscaled } from "./monomials.js";
import { propagate } from "./propagate.js";
import { ScaleAlgebra } from "./scaling.js";
import type {
  AnalysedWeight,
  EpsilonUse,
  FinestInvariance,
  InvarianceOptions,
  Partner,
  WeightInvariance,
} from "./weight-invariance.js";

/**
 * Finds which weights of a graph are scale-invariant, and why.
 *
 * Every output channel of every weight is multiplied, in thought, by a factor c of its own. Linear operations and those of
 * ReLU's kind pass factors on (f(cx) = c f(x)), products multiply them, a division by a value's own scale cancels them. Where
 * two things are added they must scale alike, but for a bias whose mean is subtracted later; what tanh is taken of, and
 * what comes out, must not scale at all. Each such condition says that a product of powers of the factors is 1, which is a linear
 * equation for their logarithms: a weight is scale-invariant in the groups of channels that no equation forbids, and
 * jointly with others where a combination of tensors solves all of them.
 *
 * A weight that is called invariant is so. Of what is not, little is missed: a gate's factor, made of something that scales,
 * counts as broken even where a later norm would divide by it.
 *
 * A small constant added to something that scales counts as 0, and is listed (ε). Nothing is computed: a network of a
 * hundred layers takes some tenths of a second.
 *
 * @param outputs What must not change; of a graph in training form, in which batch-norms take the batch's statistics.
 * @param weights Values of the same graph, in the order in which they are to be listed.
 * @returns What was found of each weight, in order.
 * @throws ShapeError if a weight or output is of another graph, or there is no output.
 * @example
 * const [found] = analyzeInvariance([loss], [{ name: "conv.weight", value: w }]);
 * // found.invariance: "channel"; found.because: "passes conv2d#3; absorbed by div#11"
 */
export function analyzeInvariance(
  outputs: readonly Value[],
  weights: readonly AnalysedWeight[],
  options: InvarianceOptions = {},
): WeightInvariance[] {
  const { nameOf = () => undefined, largestEpsilon = 1e-2 } = options;
  const graph = outputs[0]?.graph;
  if (!graph) throw new ShapeError(expectation("analyzeInvariance", "at least one output", "none"));
  const foreign = [...outputs, ...weights.map(({ value }) => value)].find((value) => value.graph !== graph);
  if (foreign) throw new ShapeError(expectation("analyzeInvariance", "values of one graph", String(foreign)));

  const values = neededValues([...outputs]);
  const factors = numberFactors(weights, values);
  const algebra = new ScaleAlgebra(ownerOf(factors));
  const scalings = propagate(values, outputs, factors, algebra, largestEpsilon);
  const requirements = [...algebra.requirements.values()];
  const alone = finestGroups(factors, requirements, algebra.monomials);
  const joint = jointGroups(factors, alone.map(isWhole), requirements, algebra.monomials);
  const courses = coursesOf(scalings, factors, algebra.monomials);
  const explain = explainer(factors, courses, nameOf);
  const epsilons = epsilonsOf(algebra, factors);

  return factors.map((weight, index) => {
    const { broken, tied, groups } = alone[index]!;
    const course = courses.of(index);
    const partners = joint.get(index) ?? [];
    const because = broken
      ? [explain.broken(index, course, broken), ...(partners.length > 0 ? [explain.joint(partners)] : [])]
      : [explain.absorbed(course), ...(tied ? [explain.tied(tied)] : [])];
    const end = broken?.at ?? course.absorbers[0];
    return {
      name: weight.name,
      shape: weight.value.shape,
      invariance: finestOf(weight, alone[index]!, partners),
      axis: weight.axis,
      groups,
      partners,
      withoutEffect: !broken && course.onlyShifts,
      because: because.join("; "),
      chain: end ? course.pathTo(end).slice(1) : [],
      epsilons: epsilons[index]!,
    };
  });
}

const isWhole = ({ broken }: FinestGroups): boolean => broken === undefined;

function finestOf({ count }: WeightFactors, found: FinestGroups, partners: readonly Partner[]): FinestInvariance {
  if (!isWhole(found)) return partners.length > 0 ? "joint" : "none";
  if (found.count === count) return "channel";
  return found.count === 1 ? "tensor" : "head";
}

/** The constants that were added to something that scales with each weight. */
function epsilonsOf(algebra: ScaleAlgebra, weights: readonly WeightFactors[]): EpsilonUse[][] {
  const owner = ownerOf(weights);
  const found = weights.map((): EpsilonUse[] => []);
  for (const { epsilon, at, labels } of algebra.epsilons) {
    const degrees = new Map<number, number>();
    for (const product of new Set(labels.products)) {
      if (product <= unscaled) continue;
      eachPower(algebra.monomials.powersOf(product), (factor, degree) => degrees.set(owner[factor]!, degree));
    }
    for (const [weight, degree] of degrees) found[weight]!.push({ epsilon, at, degree });
  }
  return found;
}
