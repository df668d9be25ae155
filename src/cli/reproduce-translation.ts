import { assertArgument } from "../core/index.js";
import { runTranslation } from "../experiments/node/index.js";
import { alignedTable } from "../report/index.js";
import type { LoweringOption } from "../runtime/index.js";
import type { interruptionSignal } from "./interruption.js";
import { onceEach } from "./notices.js";
import { type Progress, trainingProgress } from "./progress.js";

/** What a person chose of `normwise reproduce translation`. */
export interface TranslationChoice {
  readonly preset: "laptop" | "paper";
  readonly data: string;
  readonly threads: number;
  readonly lowering: LoweringOption;
  readonly epochs?: number;
  readonly seeds: readonly number[];
  readonly out: string;
  readonly command: string;
}

/** Runs the translation experiment and tells what came of it; false if it was interrupted. */
export async function reproduceTranslation(
  choice: TranslationChoice,
  { signal }: ReturnType<typeof interruptionSignal>,
): Promise<boolean> {
  const layout = "a folder with parallel text: train.de, train.en, val.…, test_2016_flickr.…";
  assertArgument(choice.data !== "embedded", "--data", layout, "none", "give the folder of Multi30k");
  let progress: Progress | undefined;
  const onNotice = onceEach();
  try {
    const outcome = await runTranslation({
      ...choice,
      signal,
      onNotice,
      onRun({ run, seed, epochs, index, of }) {
        progress?.stop();
        progress = trainingProgress(epochs, process.stderr, "tokens");
        const which = choice.seeds.length > 1 ? `, seed ${seed}` : "";
        process.stderr.write(`[${index + 1}/${of}] ${run.label}${which}\n`);
      },
      onStep: ({ itemsPerSecond, ...event }) => progress?.onStep({ ...event, imagesPerSecond: itemsPerSecond }),
      onEpoch({ epoch, trainLoss, validationLoss, tokensPerSecond }) {
        progress?.stop();
        const parts = [
          `  epoch ${epoch}`,
          `loss ${trainLoss.toFixed(4)}`,
          `validation ${validationLoss!.toFixed(4)}`,
          `${tokensPerSecond.toFixed(0)} tokens/s`,
        ];
        process.stderr.write(`${parts.join("  ")}\n`);
      },
      onRunEnd: ({ bleu }) => bleu === undefined || process.stderr.write(`  test BLEU ${bleu.toFixed(2)}\n`),
    });
    if (outcome === undefined) return false;
    const [table] = outcome.report.tables!;
    process.stdout.write(`\n${alignedTable(table!.head, table!.rows).join("\n")}\n\n`);
    for (const finding of outcome.report.findings) process.stdout.write(`${finding}\n`);
    process.stdout.write(`\nreport: ${outcome.reportPath}\n`);
    return true;
  } finally {
    progress?.stop();
  }
}
