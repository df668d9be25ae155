import type { Batch, BatchSource } from "../data/index.js";
import { argMax, cast, equal, total } from "../graph/index.js";
import { mean, softmaxCrossEntropy } from "../nn/index.js";
import { type ImageNetwork, imageLogits } from "./image-network.js";
import type { Objective, StepBatch, StepBatchSource } from "./objective.js";

/**
 * Classification of images by the mean softmax cross-entropy, in nats. A batch's shape is `[images]`, its inputs are
 * `images` [batch, C, H, W] and `labels` [batch] int32; it counts `correct`, the images whose largest logit is their
 * label's.
 */
export function imageClassification(network: ImageNetwork): Objective {
  return {
    apply(scope, [batch]) {
      const logits = imageLogits(scope, network, batch!);
      const labels = scope.graph.input("labels", [batch!], "int32");
      const hits = cast(equal(argMax(logits, 1), cast(labels, "int64")), "float32");
      return { loss: mean(softmaxCrossEntropy(logits, labels)), counts: { correct: total(hits) } };
    },
  };
}

/** A batch of images as a step of {@link imageClassification} takes it. */
export function imageStepBatch({ images, labels, size }: Batch): StepBatch {
  return { shape: labels.shape, feeds: { images, labels }, items: size };
}

/** A source of image batches as one of step batches. */
export function imageStepBatches(source: BatchSource): StepBatchSource {
  return {
    batchesPerEpoch: source.batchesPerEpoch,
    batch: async (epoch, index) => imageStepBatch(await source.batch(epoch, index)),
    close: () => source.close(),
  };
}
