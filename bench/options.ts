import { parseArgs } from "node:util";
import { type LoweringOption, loweringOptions } from "../src/runtime/index.js";
import { allModels, type Model } from "./models.js";

/** What `npm run bench` was asked for. */
export interface BenchOptions {
  /** `rows`: training steps in turns; `norms`: batch-norms alone; `profile`: where our time goes; `tune`: kernels. */
  readonly what: "rows" | "norms" | "profile" | "tune" | "help";
  readonly models: readonly Model[];
  readonly threads: readonly number[];
  readonly against: readonly Opponent[];
  readonly rounds: number;
  readonly json: boolean;
  readonly batch?: number;
  readonly lowering?: LoweringOption;
}

const opponents = ["torch", "tfjs", "portable", "none"] as const;
/** Whom ours is measured beside. */
export type Opponent = (typeof opponents)[number];

/** What `--help` prints. */
export const usage = `npm run bench -- [options]
  --models vgg11,resnet20       which rows; all by default:
                                ${allModels.join(", ")}
  --threads 1,2                 how many threads, one table part each
  --against torch,tfjs          peers, where they are installed: torch (default), tfjs, none; and portable, our own
                                lowering to standard operators
  --lowering auto               ours: auto, blocked or portable
  --batch N                     images (or sentences) per step instead of each row's own number
  --rounds 7                    turns of each engine; medians are printed
  --profile                     where a step's time goes, by operator and primitive, instead of the rows
  --norms                       batch-norms alone, forward and backward, over sizes, instead of the rows
  --tune                        formulations of our kernels alone, which the lowering's costs were fitted to
  --json                        JSON on the standard output, the table on the other`;

/**
 * Reads the command's arguments.
 * @throws Error that quotes what was wrong.
 */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      models: { type: "string", default: allModels.join() },
      threads: { type: "string", default: "1,2" },
      against: { type: "string", default: "torch" },
      lowering: { type: "string" },
      batch: { type: "string" },
      rounds: { type: "string", default: "7" },
      profile: { type: "boolean", default: false },
      norms: { type: "boolean", default: false },
      tune: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const asked = (["profile", "norms", "tune"] as const).filter((what) => values[what]);
  if (asked.length > 1)
    throw new Error(`bench: expected one of --profile, --norms and --tune, got ${asked.join(", ")}`);
  const { lowering } = values;
  return {
    what: values.help ? "help" : (asked[0] ?? "rows"),
    models: listOf("--models", values.models, allModels),
    threads: values.threads.split(",").map((text) => positive("--threads", text)),
    against: listOf("--against", values.against, opponents),
    rounds: positive("--rounds", values.rounds),
    json: values.json,
    ...(values.batch === undefined ? {} : { batch: positive("--batch", values.batch) }),
    ...(lowering === undefined ? {} : { lowering: oneOf("--lowering", lowering, loweringOptions) }),
  };
}

const listOf = <T extends string>(name: string, text: string, allowed: readonly T[]): T[] =>
  text.split(",").map((each) => oneOf(name, each, allowed));

function oneOf<T extends string>(name: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === text);
  if (found === undefined) throw new Error(`${name}: expected some of ${allowed.join(", ")}, got ${text}`);
  return found;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name}: expected a positive integer, got ${text}`);
  return value;
}
