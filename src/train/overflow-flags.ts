import { cast, concat, equal, type NotedStatistic, reshape, sub, type Value, zeroIfFinite } from "../graph/index.js";

/** The layers that noted statistics, in execution order. */
export function watchedLayers(statistics: readonly NotedStatistic[]): string[] {
  return [...new Set(statistics.map(({ layer }) => layer))];
}

/** For each of the layers, 1 if any of its statistics is infinite or NaN, and 0 if not: [layers]. */
export function overflowFlags(statistics: readonly NotedStatistic[]): Value {
  const flags = watchedLayers(statistics).map((wanted) => {
    const own = statistics.filter(({ layer }) => layer === wanted).map(({ value }) => value);
    return reshape(sub(1, cast(equal(zeroIfFinite(own), 0), "float32")), [1]);
  });
  return concat(flags);
}
