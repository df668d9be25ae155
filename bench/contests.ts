import type { Engine, Found } from "./engines.js";
import { allModels, factsOf, type Model, type NormModel, normMetrics } from "./models.js";

/** An engine that trains a model. */
export interface Contestant {
  readonly model: Model | NormModel;
  readonly engine: Engine;
}

/** What is measured in turns, on batches of one size. */
export interface Contest {
  readonly name: string;
  readonly threads: number;
  readonly batch: number;
  readonly contestants: readonly Contestant[];
}

/** What contests are to be held. */
export interface ContestOptions {
  readonly models: readonly Model[];
  readonly threads: readonly number[];
  readonly against: readonly string[];
  /** Images or sentences per step, where it is not the row's own. */
  readonly batch?: number;
}

/** The contests of training steps: a model, its variants and their peers meet in one. */
export function trainingContests(options: ContestOptions, found: Found): Contest[] {
  const { models, threads, against, batch } = options;
  const bases = allModels.filter((base) => models.some((model) => baseOf(model) === base));
  return bases.flatMap((base) => {
    const variants = models.filter((model) => model !== base && baseOf(model) === base);
    const engines: Engine[] = ["normwise"];
    if (models.includes(base)) {
      engines.push("normwise-measuring");
      if (against.includes("portable")) engines.push("normwise-portable");
      if (found.torch) engines.push("torch");
      if (found.torch && base !== "transformer") engines.push("torch-channels-last"); // of images only
    }
    const contestants = [
      ...engines.map((engine) => ({ model: base, engine })),
      ...variants.map((model) => ({ model, engine: "normwise" as const })),
    ];
    return threads.map((count) => ({
      name: base,
      threads: count,
      batch: batch ?? factsOf(base).batch,
      contestants,
    }));
  });
}

/** The contests of batch-norms alone, for batches of each of the given sizes. */
export function normContests(batches: readonly number[], threads: readonly number[], found: Found): Contest[] {
  const own = normMetrics.map((metric) => ({ model: `norm-${metric}` as const, engine: "normwise" as const }));
  const torch = found.torch ? [{ model: "norm-l2" as const, engine: "torch" as const }] : [];
  return threads.flatMap((count) =>
    batches.map((batch) => ({ name: "norm", threads: count, batch, contestants: [...own, ...torch] })),
  );
}

const baseOf = (model: Model): Model => factsOf(model).variantOf ?? model;
