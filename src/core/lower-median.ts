/** The middle of some values, the lower one of two: always one of them. NaN if there is none. */
export function lowerMedian(values: ArrayLike<number>): number {
  return Array.from(values).sort((a, b) => a - b)[(values.length - 1) >> 1] ?? Number.NaN;
}
