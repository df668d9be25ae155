import { sizeOf } from "../../../../core/index.js";
import type { Value } from "../../../../graph/index.js";
import { findImages } from "../fusion/images.js";
import type { Assignment } from "./assign.js";
import type { Layout } from "./implementation.js";

/** A tensor that must lie in memory in another way than it is computed. */
interface Conversion {
  readonly value: Value;
  readonly from: Layout;
  readonly to: Layout;
  /** The values that want it so; none for a result. */
  readonly users: readonly Value[];
}

/** The conversions that an assignment needs, in the order of their values. */
function conversionsOf(
  values: readonly Value[],
  assignment: Assignment,
  images: ReadonlySet<Value>,
  results: ReadonlySet<Value>,
): Conversion[] {
  const wanted = new Map<Value, Map<Layout, Set<Value>>>();
  const want = (value: Value, layout: Layout, user?: Value): void => {
    const layouts = wanted.get(value) ?? new Map<Layout, Set<Value>>();
    const users = layouts.get(layout) ?? new Set<Value>();
    wanted.set(value, layouts.set(layout, user ? users.add(user) : users));
  };
  for (const user of values) {
    if (user.source.kind !== "apply") continue;
    for (const [at, operand] of user.source.inputs.entries()) want(operand, assignment.get(user)!.operands[at]!, user);
  }
  for (const value of results) want(value, "plain");
  return values
    .filter((value) => images.has(value))
    .flatMap((value) => {
      const from = assignment.get(value)?.layout ?? "plain";
      const others = [...(wanted.get(value) ?? [])].filter(([layout]) => layout !== from);
      return others.map(([to, users]) => ({ value, from, to, users: [...users] }));
    });
}

/** A text for people: each value of an image with its layout and cost, and each conversion. */
export function dumpLayouts(values: readonly Value[], assignment: Assignment, results: ReadonlySet<Value>): string {
  const found = findImages(values);
  const conversions = conversionsOf(values, assignment, found, results);
  const lines = values.flatMap((value) => {
    const { source, shape } = value;
    const implementation = assignment.get(value);
    const images = source.kind === "apply" ? source.inputs.filter((input) => found.has(input)) : [];
    if (!found.has(value) && images.length === 0) return [];
    const operands = images.map((image) => `%${image.id}`).join(", ");
    const what = source.kind === "apply" ? `${source.primitive.name}(${operands})` : source.kind;
    const taken = implementation?.operands[0] ?? "plain";
    const layout = found.has(value) ? (implementation?.layout ?? "plain") : `from ${taken}`;
    const cost = implementation ? `${implementation.cost.toFixed(2)} ms` : "";
    const own = `%${value.id} ${what}`.padEnd(48) + `[${shape}]`.padEnd(22) + layout.padEnd(16) + cost;
    return [own, ...conversions.filter((conversion) => conversion.value === value).map(conversionLine)];
  });
  const total = conversions.reduce((sum, { value }) => sum + sizeOf(value.shape) * 4e-6, 0);
  return [...lines, `${conversions.length} conversions of ${total.toFixed(1)} MB`].join("\n");
}

function conversionLine({ value, from, to, users }: Conversion): string {
  const who = users.length === 0 ? "a result" : users.map((user) => `%${user.id}`).join(", ");
  return `    ${from} → ${to} for ${who}, ${(sizeOf(value.shape) * 4e-6).toFixed(1)} MB`;
}
