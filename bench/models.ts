/** What a row of the benchmark trains. */
export interface ModelFacts {
  /** What it is, for a reader. */
  readonly title: string;
  /** Images, or sentences, per step. */
  readonly batch: number;
  /** The row that it is a variant of: measured with it in turns, and compared with it instead of with PyTorch. */
  readonly variantOf?: Model;
}

const small = "32 × 32";

/** The rows, by name. What ours and PyTorch's networks are is in own/workloads.ts and torch/networks.py. */
export const models = {
  vgg11: { title: `VGG-11 with batch-norm, ${small}`, batch: 128 },
  "vgg11-l1": { title: "the same with L1 batch-norm", batch: 128, variantOf: "vgg11" },
  "vgg11-bwn": { title: "the same with bounded weight norm", batch: 128, variantOf: "vgg11" },
  resnet20: { title: `ResNet-20, ${small}`, batch: 128 },
  "resnet20-l1": { title: "the same with L1 batch-norm", batch: 128, variantOf: "resnet20" },
  "resnet20-bwn": { title: "the same with bounded weight norm", batch: 128, variantOf: "resnet20" },
  resnet18: { title: `ResNet-18, ${small}`, batch: 64 },
  resnet50: { title: "ResNet-50, 224 × 224, 1,000 classes", batch: 8 },
  transformer: { title: "Transformer, 3 + 3 layers of width 256, sentences of 14 tokens", batch: 143 },
} as const satisfies Readonly<Record<string, Omit<ModelFacts, "variantOf"> & { readonly variantOf?: string }>>;

/** The name of a row. */
export type Model = keyof typeof models;

/** All rows, in their order. */
export const allModels = Object.keys(models) as Model[];

/** What is known of a row. */
export const factsOf = (model: Model): ModelFacts => models[model];

/** Metrics of the batch-norms that are measured alone; PyTorch has the first. */
export const normMetrics = ["l2", "l1", "top10", "linf"] as const;

/** A batch-norm alone, [batch, 64, 16, 16], forward and backward. */
export type NormModel = `norm-${(typeof normMetrics)[number]}`;

/** Elements of each of the batch's rows in a {@link NormModel}. */
export const normRow = { channels: 64, side: 16, elements: 64 * 16 * 16 } as const;

/** Sizes of the transformer row: those of the first batches in the experiment on translation. */
export const translationSizes = { vocabulary: 4100, layers: 3, width: 256, feedForward: 512, length: 14 } as const;
