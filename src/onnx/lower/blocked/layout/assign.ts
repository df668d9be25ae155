import type { Value } from "../../../../graph/index.js";
import { conversionCost } from "./conversion.js";
import type { Implementation, Layout } from "./implementation.js";

/** The implementation of each value that is the application of a primitive. */
export type Assignment = ReadonlyMap<Value, Implementation>;

/** How often the values are gone through, at most: a few times suffice in practice. */
const mostSweeps = 20;

/**
 * Chooses an implementation of every value, so that the time of all of them and of the conversions between layouts is as
 * small as local search finds it: first each value by itself, given its neighbours; then all values with maps of one size
 * together, as one of them alone would have to convert on both sides.
 *
 * @param values All that is needed, each after its operands.
 * @param choices The implementations of a value.
 * @param images The values that may lie in another layout than plain.
 * @param results Values that are wanted plain.
 */
export function assignLayouts(
  values: readonly Value[],
  choices: ReadonlyMap<Value, readonly Implementation[]>,
  images: ReadonlySet<Value>,
  results: ReadonlySet<Value>,
): Assignment {
  const chosen = new Map<Value, Implementation>();
  for (const [value, options] of choices)
    chosen.set(
      value,
      cheapest(options, ({ cost }) => cost),
    );
  const users = usersOf(values);

  function layoutOf(value: Value): Layout {
    return chosen.get(value)?.layout ?? "plain";
  }

  /** Of bringing a value to all layouts that it is wanted in. */
  function conversionsOf(value: Value): number {
    if (!images.has(value)) return 0;
    const own = layoutOf(value);
    return [...wantedLayouts(value)].reduce((total, layout) => total + conversionCost(value.shape, own, layout), 0);
  }

  function wantedLayouts(value: Value): Set<Layout> {
    const wanted = new Set<Layout>(results.has(value) ? ["plain"] : []);
    for (const { user, position } of users.get(value) ?? []) wanted.add(chosen.get(user)!.operands[position]!);
    return wanted;
  }

  /** Everything that a choice for this value touches. */
  function costAround(value: Value): number {
    const operands = value.source.kind === "apply" ? new Set(value.source.inputs) : [];
    return [...operands].reduce(
      (total, operand) => total + conversionsOf(operand),
      chosen.get(value)!.cost + conversionsOf(value),
    );
  }

  function total(): number {
    return values.reduce((sum, value) => sum + (chosen.get(value)?.cost ?? 0) + conversionsOf(value), 0);
  }

  function improve(value: Value): boolean {
    const before = chosen.get(value)!;
    const options = choices.get(value)!;
    const best = cheapest(options, (option) => {
      chosen.set(value, option);
      return costAround(value) - (option === before ? 1e-9 : 0); // no change for nothing
    });
    chosen.set(value, best);
    return best !== before;
  }

  function settle(): void {
    const open = [...choices].filter(([, options]) => options.length > 1).map(([value]) => value);
    for (let sweep = 0; sweep < mostSweeps; sweep++) {
      const order = sweep % 2 === 0 ? open : [...open].reverse();
      if (order.filter(improve).length === 0) return;
    }
  }

  /** Tries a layout for all values with maps of one size. */
  function tryTogether(group: readonly Value[], layout: Layout): void {
    const [before, saved] = [total(), new Map(chosen)];
    for (const value of group) {
      const fitting = choices.get(value)!.filter((option) => speaks(option, layout));
      if (fitting.length > 0)
        chosen.set(
          value,
          cheapest(fitting, ({ cost }) => cost),
        );
    }
    settle();
    if (total() < before - 1e-9) return;
    for (const [value, implementation] of saved) chosen.set(value, implementation);
  }

  settle();
  for (const group of groupedByMap(choices, images)) {
    for (const layout of ["blocked", "batchLast", "plain"] as const) tryTogether(group, layout);
  }
  return chosen;
}

/** Whether an implementation takes or gives images in a layout. */
const speaks = ({ layout, operands }: Implementation, wanted: Layout): boolean =>
  layout === wanted || operands.includes(wanted);

function groupedByMap(choices: ReadonlyMap<Value, readonly Implementation[]>, images: ReadonlySet<Value>): Value[][] {
  const groups = new Map<string, Value[]>();
  for (const [value, options] of choices) {
    if (options.length < 2) continue;
    const image = images.has(value) ? value : inputsOf(value).find((input) => images.has(input));
    const key = String(image?.shape.slice(2));
    const known = groups.get(key);
    if (known) known.push(value);
    else groups.set(key, [value]);
  }
  return [...groups.values()];
}

interface Use {
  readonly user: Value;
  readonly position: number;
}

function usersOf(values: readonly Value[]): Map<Value, Use[]> {
  const users = new Map<Value, Use[]>();
  for (const user of values) {
    for (const [position, operand] of inputsOf(user).entries()) {
      const known = users.get(operand);
      if (known) known.push({ user, position });
      else users.set(operand, [{ user, position }]);
    }
  }
  return users;
}

const inputsOf = ({ source }: Value): readonly Value[] => (source.kind === "apply" ? source.inputs : []);

function cheapest<T>(options: readonly T[], cost: (option: T) => number): T {
  const costs = options.map(cost);
  return options[costs.indexOf(Math.min(...costs))]!;
}
