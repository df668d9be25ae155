/** A text that is equal for equal plain values, numbers that JSON does not know included. */
export function keyOf(value: unknown): string {
  return JSON.stringify(value, (_, item) =>
    typeof item === "number" && (!Number.isFinite(item) || Object.is(item, -0))
      ? `number ${Object.is(item, -0) ? "-0" : item}`
      : item,
  );
}
