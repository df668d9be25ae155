import { expectation, InvalidArgumentError } from "../core/index.js";
import { lInf, range, topK } from "./extreme-metrics.js";
import type { Metric, MetricOptions } from "./metric.js";
import { l1, l2, lp } from "./power-metrics.js";

/**
 * The metric of a name, as {@link Metric.name} gives it: `l2`, `l1`, `l1.5` (any power ≥ 1), `linf`, `top10` (any k),
 * `range`, `range16` (any number of chunks).
 * @throws InvalidArgumentError for another name.
 */
export function metricNamed(name: string, options: MetricOptions = {}): Metric {
  if (name === "l1") return l1(options);
  if (name === "l2") return l2(options);
  if (name === "linf") return lInf(options);
  if (name === "range") return range(options);
  const [, kind, number] = /^(l|top|range)(\d+(?:\.\d+)?)$/.exec(name) ?? [];
  if (kind === "l") return lp(Number(number), options);
  if (kind === "top") return topK(Number(number), options);
  if (kind === "range") return range({ ...options, chunks: Number(number) });
  throw new InvalidArgumentError(expectation("metric", "l2, l1, l1.5, …, linf, top10, …, range, range16, …", name));
}
