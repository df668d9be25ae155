import { assertArgument, expectation, InvalidArgumentError } from "../core/index.js";
import { Graph, type Parameter } from "../graph/index.js";
import { constantRate, groupParameters, type Optimizer, type StepControl, scheduleRates } from "../optim/index.js";
import { forward } from "./image-network.js";
import { trackedParameters } from "./measure.js";
import { imageNetworkOf, type TrainOptions } from "./train-options.js";

/**
 * Checks what can be checked before anything is made: numbers, the schedule, whether network and data fit, and whether
 * the control can do what it promises for this network and optimizer.
 *
 * @throws InvalidArgumentError naming what is wrong; a ShapeError if the network does not take the images.
 */
export function checkTrainOptions(options: Omit<TrainOptions, "runtime">): void {
  const { epochs, learningRate, data, validation, batch = 128, measureEvery = 10, schedule = constantRate() } = options;
  const count = (name: string, value: number): void =>
    assertArgument(Number.isInteger(value) && value > 0, "train", `${name} to be a positive integer`, value);
  count("epochs", epochs);
  count("batch", batch);
  count("measureEvery", measureEvery);
  assertArgument(learningRate >= 0 && Number.isFinite(learningRate), "train", "a learning rate ≥ 0", learningRate);
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
  const stepsPerEpoch = Math.floor(images / batch);
  scheduleRates(schedule, learningRate, epochs * stepsPerEpoch, stepsPerEpoch);

  const perChannel = (value: number): number[] => new Array<number>(data.shape[0]).fill(value);
  const normalization = { mean: perChannel(0), std: perChannel(1) }; // any will do
  const network = imageNetworkOf({ ...options, normalization });
  const { scope, logits } = forward(new Graph(), network, batch, { training: true });
  const classes = Math.max(data.classes.length, validation?.classes.length ?? 0);
  assertArgument(
    logits.rank === 2 && logits.shape[1]! >= classes,
    "train",
    `a network whose outputs are [${batch}, at least ${classes}], a logit per class`,
    `[${logits.shape}]`,
  );
  if (options.control) checkControl(options.control, options.optimizer, scope.parameters, options.groups ?? []);
}

/** Throws an InvalidArgumentError if there is nothing to control, or the control was made for weights trained otherwise. */
function checkControl(
  { name, momentum }: StepControl,
  optimizer: Optimizer,
  parameters: readonly Parameter[],
  rules: NonNullable<TrainOptions["groups"]>,
): void {
  const tracked = new Set(trackedParameters(parameters));
  assertArgument(tracked.size > 0, name, "a network with scale-invariant weights", "none");
  if (momentum === undefined) return;
  const fix = "train so, or choose another control";
  assertArgument(!optimizer.nesterov, name, "heavy-ball momentum", "Nesterov's, for which no schedule is exact", fix);
  assertArgument(optimizer.decay === "coupled", name, "coupled weight decay", optimizer.decay, fix);
  for (const group of groupParameters(parameters, rules)) {
    if (!group.parameters.some((parameter) => tracked.has(parameter))) continue;
    const { momentum: own = optimizer.momentum, rateFactor = 1 } = group;
    const where = `${name}, group ${group.name}`;
    assertArgument(own === momentum, where, `the momentum that it was made for, ${momentum}`, own, fix);
    assertArgument(rateFactor === 1, where, "a rate factor of 1", rateFactor, fix);
  }
}
