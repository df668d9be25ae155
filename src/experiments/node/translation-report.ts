import type { ParallelText } from "../../data/index.js";
import { median } from "../../optim/index.js";
import type { ExperimentReport } from "../../report/index.js";
import { failureText } from "../experiment.js";
import { type FinishedTranslation, type TranslationPreset, translation } from "../translation.js";

/** The translation experiment as its page shows it. */
export function translationReport(
  finished: readonly FinishedTranslation[],
  preset: TranslationPreset,
  training: ParallelText,
  { seeds, command }: { readonly seeds: readonly number[]; readonly command?: string },
): ExperimentReport {
  const { title, subtitle, idea, source } = translation;
  return {
    title,
    subtitle,
    idea,
    source,
    findings: translation.findings(finished),
    tables: [
      {
        title: "Translation",
        text:
          "Validation loss in nats per token, without label smoothing, after the last epoch; BLEU of the test set, cased and " +
          "detokenized, as sacreBLEU counts it (13a).",
        head: ["run", "seed", "validation loss", "BLEU", "target tokens/s"],
        rows: finished.map(({ run, seed, epochs, bleu }) => [
          run.label,
          String(seed),
          epochs.at(-1)?.validationLoss?.toFixed(3) ?? "–",
          bleu?.toFixed(2) ?? "–",
          speedOf(epochs).toFixed(0),
        ]),
      },
    ],
    settings: [
      ["data", `${training.name}, ${training.source.length} pairs`],
      ["vocabulary", `joint, ${preset.merges} merges`],
      [
        "Transformer",
        `${preset.transformerLayers} + ${preset.transformerLayers} layers of width ${preset.width}, pre-norm`,
      ],
      ["LSTM", `${preset.lstmLayers} + ${preset.lstmLayers} layers of width ${preset.width}, global attention`],
      ["epochs", String(preset.epochs)],
      ["batch", `at most ${preset.tokens} tokens, padding included`],
      ["learning rate η", `Adam, up to ${preset.learningRate} in 0.9 epochs, then half a cosine to 0`],
      ["dropout, label smoothing", `${preset.dropout}, ${preset.smoothing}`],
      ["seeds", seeds.join(", ")],
    ],
    ...(command === undefined ? {} : { command }),
    stepsPerEpoch: finished.find(({ epochs }) => epochs.length > 0)?.epochs[0]?.step ?? 1,
    runs: finished.map(({ run, seed, epochs, failure }) => ({
      name: run.name,
      label: run.label,
      description: run.description,
      seed,
      ...(failure ? { notes: [`seed ${seed} ${failureText(failure)}`] } : {}),
      trainLoss: epochs.map(({ trainLoss }) => trainLoss),
      validationAccuracy: [],
      validationLoss: epochs.flatMap(({ validationLoss }) => validationLoss ?? []),
    })),
  };
}

const speedOf = (epochs: FinishedTranslation["epochs"]): number =>
  median(Float64Array.from(epochs, ({ tokensPerSecond }) => tokensPerSecond));
