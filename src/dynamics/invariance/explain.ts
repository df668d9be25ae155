import type { Value } from "../../graph/index.js";
import type { Course, Courses } from "./course.js";
import type { WeightFactors } from "./factors.js";
import type { Requirement } from "./scaling.js";
import type { Partner } from "./weight-invariance.js";

/** Says where scales go, in the names that a reader knows. */
export interface Explainer {
  /** Why a weight's groups may be scaled. */
  absorbed(course: Course): string;
  /** Why a weight may not be scaled alone. */
  broken(weight: number, course: Course, requirement: Requirement): string;
  /** What ties its channels together. */
  tied(requirement: Requirement): string;
  /** What must be scaled with it. */
  joint(partners: readonly Partner[]): string;
}

const mostNamed = 3;

/** Makes sentences for an analysis. */
export function explainer(
  weights: readonly WeightFactors[],
  courses: Courses,
  nameOf: (value: Value) => string | undefined,
): Explainer {
  const called = (value: Value): string => nameOf(value) ?? ownName(value);
  return {
    absorbed(course) {
      const absorbers = distinct(course.absorbers.map(called));
      if (absorbers.length === 0) return "no output depends on it";
      const via = way(course.pathTo(course.absorbers[0]!).slice(1, -1).map(called), absorbers[0]!);
      return `${via}absorbed by ${listed(absorbers)}`;
    },
    broken(weight, course, { reason, at, added, product }) {
      const others = [...courses.ownersOf(product)].flatMap((other) =>
        other === weight ? [] : [weights[other]!.name],
      );
      const unless =
        others.length === 0 ? "" : `, unless ${listed(others)} ${others.length === 1 ? "scales" : "scale"} too`;
      const via = way(course.pathTo(at).slice(1, -1).map(called), called(at));
      const where = called(at);
      switch (reason) {
        case "sum":
          return `${via}${where} adds something that does not scale with it${unless}`;
        case "bias":
          return `${via}${called(added!)} adds a bias that is not subtracted before ${added === at ? "the output" : where}${unless}`;
        case "contraction":
          return `${via}${where} adds channels that do not scale alike${unless}`;
        case "operator":
          return `${via}${where} is not homogeneous${unless}`;
        case "comparison":
          return `${via}${where} compares it with something that does not scale with it${unless}`;
        case "unknown":
          return `${via}${where} could not be followed`;
        case "output":
          return `${via}it reaches the output ${where}${unless}`;
      }
    },
    tied: ({ at, reason }) =>
      `its channels only together: ${called(at)} ${reason === "contraction" ? "adds them up" : "ties them"}`,
    joint: (partners) =>
      `together with ${listed(partners.map(({ name, power }) => (power === 1 ? name : `${name} (to the power ${power})`)))}`,
  };
}

/** The way of a scale up to the place that decides, which is named by what follows. */
function way(names: readonly string[], end: string): string {
  const passed = distinct(names).filter((name) => name !== end);
  if (passed.length === 0) return "";
  const shown = passed.length <= 4 ? passed : [...passed.slice(0, 2), "…", ...passed.slice(-1)];
  return `passes ${shown.join(" → ")}; `;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, mostNamed);
  const more = names.length - shown.length;
  if (more > 0) return `${shown.join(", ")} and ${more} more`;
  return shown.length < 2 ? (shown[0] ?? "") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

const distinct = (names: readonly string[]): string[] => [...new Set(names)];

const ownName = ({ source, id }: Value): string =>
  source.kind === "apply" ? `${source.primitive.name}#${id}` : source.kind === "input" ? source.name : `constant#${id}`;
