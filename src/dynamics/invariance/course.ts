import type { Value } from "../../graph/index.js";
import { consumersOf, type WeightFactors } from "./factors.js";
import { ownerOf } from "./finest-groups.js";
import { eachPower, type Monomials, unscaled } from "./monomials.js";
import type { Scaling } from "./scaling.js";

/** Where the scale of each weight goes in a graph. */
export interface Courses {
  /** Where a weight's scale goes. */
  of(weight: number): Course;
  /** The weights whose factors are in a product. */
  ownersOf(product: number): ReadonlySet<number>;
}

/** Where the scale of one weight goes. */
export interface Course {
  /** Values that do not scale with the weight, though something that they are made of does. */
  readonly absorbers: readonly Value[];
  /** Whether the weight only ever shifts something that is then subtracted. */
  readonly onlyShifts: boolean;
  /** The values on a shortest way to a value, it included. */
  pathTo(end: Value): Value[];
}

/** Operations that leave the numbers of their operand as they are. */
const moves: ReadonlySet<string> = new Set(["reshape", "broadcastTo", "transpose", "cast", "stopGradient", "slice"]);
const isMove = ({ source }: Value): boolean => source.kind === "apply" && moves.has(source.primitive.name);

/** Follows the scales of all weights through what {@link propagate} found. */
export function coursesOf(
  scalings: ReadonlyMap<Value, Scaling>,
  weights: readonly WeightFactors[],
  monomials: Monomials,
): Courses {
  const owner = ownerOf(weights);
  const ownersOf = (products: Iterable<number>): Set<number> => {
    const all = new Set<number>();
    for (const product of products) {
      if (product > unscaled) eachPower(monomials.powersOf(product), (factor) => all.add(owner[factor]!));
    }
    return all;
  };
  const main = new Map<Value, ReadonlySet<number>>();
  const shifted = new Map<Value, ReadonlySet<number>>();
  for (const [value, { labels, shifts }] of scalings) {
    main.set(value, ownersOf(labels.products));
    shifted.set(value, new Set(shifts.flatMap((shift) => [...ownersOf(shift.labels.products)])));
  }
  const consumers = consumersOf([...scalings.keys()]);

  function courseOf(weight: number): Course {
    const from = new Map<Value, Value | undefined>([[weights[weight]!.value, undefined]]);
    const absorbers = new Set<Value>();
    let onlyShifts = true;
    for (const value of from.keys()) {
      if (absorbers.has(value)) continue; // beyond it nothing scales with the weight
      for (const next of consumers.get(value) ?? []) {
        const scales = main.get(next)!.has(weight);
        const absorbed = !scales && !shifted.get(next)!.has(weight);
        if (absorbed) absorbers.add(next);
        if (absorbed ? main.get(value)!.has(weight) : scales && !isMove(next)) onlyShifts = false;
        if (!from.has(next)) from.set(next, value);
      }
    }
    return {
      absorbers: [...absorbers].sort((a, b) => a.id - b.id),
      onlyShifts,
      pathTo(end) {
        const path: Value[] = [];
        for (let value: Value | undefined = end; value && from.has(value); value = from.get(value)) path.push(value);
        return path.reverse();
      },
    };
  }
  return { of: courseOf, ownersOf: (product) => ownersOf([product]) };
}
