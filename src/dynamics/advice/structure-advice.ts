import type { Advice, AdvisedWeight } from "./advice.js";
import { counted, digits, someOf } from "./wording.js";

/** A relative departure from invariance that is worth a word. */
const noticeableEpsilon = 0.01;

/** What holds whatever the training is. */
export function structureAdvice(weights: readonly AdvisedWeight[]): Advice[] {
  return [...idle(weights), ...dead(weights), ...joint(weights), ...blurred(weights)];
}

function idle(weights: readonly AdvisedWeight[]): Advice[] {
  const names = weights.filter(({ withoutEffect }) => withoutEffect).map(({ name }) => name);
  if (names.length === 0) return [];
  return [
    {
      kind: "without-effect",
      text: `${counted(names.length, "vector")} without any effect can be removed (${someOf(names)}).`,
      because:
        "what is added to every value of a channel is taken away again where a normalization subtracts the mean (or a " +
        "softmax its logarithm of a sum); the gradient is 0, and decay alone moves it",
      weights: names,
    },
  ];
}

function dead(weights: readonly AdvisedWeight[]): Advice[] {
  const withDead = weights.filter((weight) => weight.dead > 0);
  if (withDead.length === 0) return [];
  const count = withDead.reduce((sum, weight) => sum + weight.dead, 0);
  const names = withDead.map(({ name, dead, channels }) => `${name} ${dead} of ${channels}`);
  return [
    {
      kind: "dead-channels",
      text: `${counted(count, "channel")} of ${counted(withDead.length, "weight")} ${count === 1 ? "is" : "are"} dead (${someOf(names)}) and could be cut out.`,
      because:
        "their norm, or the gain γ behind them, is next to 0: the output is a constant, so that gradients hardly reach them; " +
        "decay drives a channel there that is not needed",
      weights: withDead.map(({ name }) => name),
    },
  ];
}

function joint(weights: readonly AdvisedWeight[]): Advice[] {
  const bound = weights.filter(({ invariance }) => invariance === "joint");
  if (bound.length === 0) return [];
  const pairs = bound.slice(0, 2).map(({ name, partners }) => {
    const others = partners.map(
      (partner) => `${partner.name}${partner.power === 1 ? "" : ` as its power ${partner.power}`}`,
    );
    return `${name} with ${someOf(others, 2)}`;
  });
  return [
    {
      kind: "joint",
      text:
        `${counted(bound.length, "weight")} can be scaled only together with others (${pairs.join("; ")}). How their scale is ` +
        "shared out does not change the function, but how fast each of them learns.",
      because:
        "gradient descent in small steps keeps Σ p‖w‖² over the weights that are scaled together (by cᵖ), since Σ p⟨w, ∇w⟩ = 0; " +
        "decay lets that sum fall to 0, and noise moves it",
      weights: bound.map(({ name }) => name),
    },
  ];
}

function blurred(weights: readonly AdvisedWeight[]): Advice[] {
  const blurs = weights.filter(({ epsilonEffect = 0 }) => epsilonEffect > noticeableEpsilon);
  if (blurs.length === 0) return [];
  const worst = Math.max(...blurs.map(({ epsilonEffect = 0 }) => epsilonEffect));
  const names = blurs.map(({ name }) => name);
  return [
    {
      kind: "epsilon",
      text:
        `In ${counted(names.length, "weight")} ε is not small beside the variance of some channel: doubling its norm would ` +
        `change the normalized output by up to about ${digits(100 * worst * Math.LN2)}% (${someOf(names)}).`,
      because: "x/√(σ² + ε) follows the scale of x by the share ε/(σ² + ε); only for ε ≪ σ² is the scale absorbed",
      weights: names,
    },
  ];
}
