import { lstmTranslator, type Translator, transformer } from "../models/index.js";
import { boundedWeightNorm, layerNorm, type NormFactory, type WeightNorm, weightNorm } from "../norm/index.js";
import type { TranslationEpochRecord } from "../train/index.js";
import type { RunFailure } from "./experiment.js";

/** Sizes of the networks and of their training; plain data, which `run.json` holds. */
export interface TranslationPreset {
  readonly epochs: number;
  /** Training pairs used, the first ones; all if absent. */
  readonly pairs?: number;
  /** Merges of the joint vocabulary. */
  readonly merges: number;
  /** Tokens in a batch, padding included. */
  readonly tokens: number;
  readonly width: number;
  readonly feedForward: number;
  readonly transformerLayers: number;
  readonly lstmLayers: number;
  readonly dropout: number;
  /** Peak rate of Adam (β₂ = 0.98), reached at nine tenths of the first epoch; then half a cosine down to 0. */
  readonly learningRate: number;
  readonly smoothing: number;
  /** Beam of the final translation of the test set, whose BLEU is told; absent: the validation loss is all that is. */
  readonly beam?: number;
}

/** Presets of {@link translation}. */
export const translationPresets: Readonly<Record<"laptop" | "paper", TranslationPreset>> = {
  /** Small networks on part of the data, compared by their validation loss. */
  laptop: {
    epochs: 6,
    pairs: 8000,
    merges: 2000,
    tokens: 2500,
    width: 128,
    feedForward: 256,
    transformerLayers: 2,
    lstmLayers: 2,
    dropout: 0.1,
    learningRate: 2e-3,
    smoothing: 0.1,
  },
  /** The paper's comparison on the small public corpus: two-layer LSTMs, Transformers, BLEU on the whole test set. */
  paper: {
    epochs: 10,
    merges: 4000,
    tokens: 2500,
    width: 256,
    feedForward: 512,
    transformerLayers: 3,
    lstmLayers: 2,
    dropout: 0.1,
    learningRate: 1.5e-3,
    smoothing: 0.1,
    beam: 4,
  },
};

/** One way of training. */
export interface TranslationRun {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  /** The network for a vocabulary of so many tokens. */
  readonly network: (preset: TranslationPreset, vocabulary: number) => Translator;
}

/** A training with its results. */
export interface FinishedTranslation {
  readonly run: TranslationRun;
  readonly seed: number;
  readonly epochs: readonly TranslationEpochRecord[];
  /** On the test set, beam search, cased, 13a; absent where the preset does not translate. */
  readonly bleu?: number;
  readonly failure?: RunFailure;
}

interface Normalization {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly norm: NormFactory;
  readonly weightNorm?: WeightNorm;
}

const normalizations: readonly Normalization[] = [
  {
    name: "layer-norm",
    label: "layer norm",
    description: "Layer norm of the activations.",
    norm: () => layerNorm(),
  },
  {
    name: "weight-norm",
    label: "weight norm",
    description: "No norm of activations; each row of each weight is g v / ‖v‖ with a learned magnitude g.",
    norm: "none",
    weightNorm: weightNorm(),
  },
  {
    name: "bounded-weight-norm",
    label: "bounded weight norm",
    description: "No norm of activations; each row of each weight is ρ v / ‖v‖ with one fixed ρ for the weight.",
    norm: "none",
    weightNorm: boundedWeightNorm(),
  },
];

const common = ({ norm, weightNorm: reparametrization }: Normalization) => ({
  norm,
  ...(reparametrization ? { weightNorm: reparametrization } : {}),
});

/**
 * The translation experiment of Hoffer et al. 2018, section 4 and table 2 (WMT14 there): what normalizes a Transformer
 * and a two-layer LSTM with attention.
 */
export const translation = {
  name: "translation",
  title: "Translation without layer norm",
  subtitle: "German to English with a Transformer and with LSTMs: layer norm, weight norm and bounded weight norm",
  idea:
    "Layer norm keeps activations in range by measuring each of them. A weight norm measures nothing of the data: it " +
    "keeps the norm of each row of a weight apart from its direction, and a bounded weight norm fixes that norm for " +
    "good, so that weight decay and the growth of norms have nothing left to act on. The paper finds both a little behind layer norm.",
  source: {
    label: "Hoffer, Banner, Golan, Soudry 2018, “Norm matters”, section 4",
    url: "https://arxiv.org/abs/1803.01814",
  },
  /** The trainings, in order; the first is the reference. */
  runs: [
    ...normalizations.map(
      (each): TranslationRun => ({
        name: `transformer-${each.name}`,
        label: `Transformer, ${each.label}`,
        description: each.description,
        network: ({ width, feedForward, transformerLayers: layers, dropout }, vocabulary) =>
          transformer({ vocabulary, width, feedForward, layers, dropout, ...common(each) }),
      }),
    ),
    ...normalizations.map(
      (each): TranslationRun => ({
        name: `lstm-${each.name}`,
        label: `LSTM, ${each.label}`,
        description: each.description,
        network: ({ width, lstmLayers: layers, dropout }, vocabulary) =>
          lstmTranslator({ vocabulary, width, layers, dropout, ...common(each) }),
      }),
    ),
  ],
  /** Plain sentences on what is seen. */
  findings: translationFindings,
};

/** For each network, how the weight norms compare with its layer norm, by BLEU or else by validation loss. */
export function translationFindings(finished: readonly FinishedTranslation[]): string[] {
  const meanOf = (name: string, read: (one: FinishedTranslation) => number | undefined): number | undefined => {
    const values = finished.filter(({ run }) => run.name === name).flatMap((one) => read(one) ?? []);
    return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return ["transformer", "lstm"].flatMap((network) =>
    normalizations.slice(1).flatMap(({ name, label }) => {
      const both = (read: (one: FinishedTranslation) => number | undefined) =>
        [meanOf(`${network}-${name}`, read), meanOf(`${network}-layer-norm`, read)] as const;
      const subject = `${network === "lstm" ? "LSTM" : "Transformer"}: ${label}`;
      const [score, reference] = both(({ bleu }) => bleu);
      if (score !== undefined && reference !== undefined) {
        return [`${subject} comes to ${score.toFixed(1)} BLEU, layer norm to ${reference.toFixed(1)}.`];
      }
      const [loss, referenceLoss] = both(({ epochs }) => epochs.at(-1)?.validationLoss);
      if (loss === undefined || referenceLoss === undefined) return [];
      return [
        `${subject} ends at a validation loss of ${loss.toFixed(3)} nats per token, layer norm at ${referenceLoss.toFixed(3)}.`,
      ];
    }),
  );
}
