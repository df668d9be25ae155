import { assertArgument, expectation, InvalidArgumentError } from "../core/index.js";
import { Graph } from "../graph/index.js";
import { checkTraining } from "./check-training.js";
import { forward } from "./image-network.js";
import { imageNetworkOf, type TrainOptions } from "./train-options.js";

/**
 * Checks what can be checked before anything is made: numbers, the schedule, whether network and data fit, and whether
 * the control can do what it promises for this network and optimizer.
 *
 * @throws InvalidArgumentError naming what is wrong; a ShapeError if the network does not take the images.
 */
export function checkTrainOptions(options: Omit<TrainOptions, "runtime">): void {
  const { data, validation, batch = 128 } = options;
  assertArgument(Number.isInteger(batch) && batch > 0, "train", "batch to be a positive integer", batch);
  const images = data.labels.length;
  assertArgument(
    batch <= images,
    "train",
    `a batch of at most ${images}, the training images`,
    batch,
    "use a smaller batch",
  );
  if (validation && validation.shape.join() !== data.shape.join()) {
    throw new InvalidArgumentError(
      expectation("train", `validation images of shape [${data.shape}]`, `[${validation.shape}]`),
    );
  }

  const perChannel = (value: number): number[] => new Array<number>(data.shape[0]).fill(value);
  const normalization = { mean: perChannel(0), std: perChannel(1) }; // any will do
  const network = imageNetworkOf({ ...options, normalization });
  const { scope, logits } = forward(new Graph(), network, batch, {
    training: true,
    ...(options.precision ? { precision: options.precision } : {}),
  });
  const classes = Math.max(data.classes.length, validation?.classes.length ?? 0);
  assertArgument(classes >= 2, "train", "images of at least 2 classes", classes, "there is nothing to tell apart");
  assertArgument(
    logits.rank === 2 && logits.shape[1]! >= classes,
    "train",
    `a network whose outputs are [${batch}, at least ${classes}], a logit per class`,
    `[${logits.shape}]`,
  );
  checkTraining(options, Math.floor(images / batch), scope.parameters, logits);
}
