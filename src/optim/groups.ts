import type { Parameter } from "../graph/index.js";

/** Whether a parameter belongs to a group; `all` are the network's parameters in order. */
export type Matcher = (parameter: Parameter, all: readonly Parameter[]) => boolean;

/** Weights whose scale a later normalization cancels. */
export const scaleInvariant = (): Matcher => (parameter) => parameter.scaleInvariance !== "none";

/** The gains γ and shifts β of normalizations, the magnitudes g of weight norms, and factors of residual branches. */
export const normalizationParameters = (): Matcher => (parameter) =>
  parameter.role === "gain" || parameter.role === "shift";

/** The biases of convolutions and linear layers. */
export const biases = (): Matcher => (parameter) => parameter.role === "bias";

/** All parameters of the layer that was declared last. */
export const lastLayer = (): Matcher => (parameter, all) => parameter.layer === all.at(-1)?.layer;

/** Parameters whose name is, or matches, the given one. */
export const named =
  (name: string | RegExp): Matcher =>
  (parameter) =>
    typeof name === "string" ? parameter.name === name : name.test(parameter.name);

/** Parameters that none of the given matchers takes. */
export const not =
  (...matchers: readonly Matcher[]): Matcher =>
  (parameter, all) =>
    !matchers.some((matches) => matches(parameter, all));

/** Numbers for some of the parameters. What is absent is the optimizer's. */
export interface GroupRule {
  /** Names the group in logs and run files. */
  readonly name: string;
  readonly match: Matcher;
  /** Multiplies the learning rate; 1 by default. */
  readonly rateFactor?: number;
  readonly weightDecay?: number;
  readonly momentum?: number;
  /** Limit of adaptive clipping; also holds for the last layer. */
  readonly adaptiveClip?: number;
}

/** A group with its parameters. */
export interface Group extends GroupRule {
  readonly parameters: readonly Parameter[];
}

/** Sorts parameters into groups: the first rule that matches takes a parameter; what is left forms the group `rest`. */
export function groupParameters(parameters: readonly Parameter[], rules: readonly GroupRule[]): Group[] {
  const everything: GroupRule = { name: "rest", match: () => true };
  const taken = new Set<Parameter>();
  return [...rules, everything].flatMap((rule) => {
    const members = parameters.filter((parameter) => !taken.has(parameter) && rule.match(parameter, parameters));
    for (const member of members) taken.add(member);
    return members.length === 0 ? [] : [{ ...rule, parameters: members }];
  });
}
