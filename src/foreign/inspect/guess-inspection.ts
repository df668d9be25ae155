import { isFloating, type Tensor } from "../../core/index.js";
import { groupNorms, turningRate } from "../../dynamics/index.js";
import type { Role } from "../../graph/index.js";
import { spreadOf } from "../spread-of.js";
import { eachChannel, groupsOf } from "../weight-groups.js";
import { floatTensor } from "../weights/float-tensor.js";
import { guessInvariant } from "../weights/guess-invariant.js";
import { shrunkenChannels } from "./dead-channels.js";
import { concluded, type InspectedWeight, type Inspection, type InspectionOptions } from "./inspection.js";

/**
 * An inspection of weights without their graph: guesses by name and shape, labelled as such; see {@link guessInvariant}.
 * What that does not find is called `none`.
 */
export function guessInspection(
  tensors: Readonly<Record<string, Tensor>>,
  options: InspectionOptions = {},
): Inspection {
  const guesses = guessInvariant(Object.entries(tensors).map(([name, { shape }]) => ({ name, shape })));
  const weights = Object.entries(tensors)
    .filter(([name, { dtype }]) => isFloating(dtype) && !/(^|\.)(running_mean|running_var|running_scale)$/.test(name))
    .map(([name, tensor]) => guessed(name, tensor, roleOf(name, tensors), guesses.get(name), options));
  const note =
    "There is no graph in this file: every verdict is a guess by name and shape. --graph model.onnx gives the graph.";
  return concluded(weights, options, [], [note]);
}

function guessed(
  name: string,
  tensor: Tensor,
  role: Role,
  guess: string | undefined,
  { optimizer }: InspectionOptions,
): InspectedWeight {
  const { shape } = tensor;
  const invariance = guess === undefined ? "none" : "channel";
  const groups = groupsOf({ invariance, ...eachChannel(0, shape[0] ?? 1), shape });
  const norms = groupNorms(floatTensor(tensor), groups);
  const norm = norms.length > 0 ? spreadOf(norms) : undefined;
  const size = tensor.data.length / groups.count;
  const rates =
    optimizer && guess !== undefined ? spreadOf(norms.map((each) => turningRate(optimizer, each, size))) : undefined;
  return {
    name,
    shape,
    role,
    invariance,
    because: guess ?? "no batch-norm stands behind it by name and shape",
    guess: true,
    withoutEffect: false,
    partners: [],
    axis: 0,
    normOf: groups.kind,
    count: groups.count,
    size,
    ...(norm ? { norm } : {}),
    dead: shape.length < 2 ? [] : shrunkenChannels(norms),
    ...(rates ? { rate: rates } : {}),
  };
}

function roleOf(name: string, tensors: Readonly<Record<string, Tensor>>): Role {
  if (tensors[name]!.shape.length > 1) return "weight";
  const ofNorm = Object.hasOwn(tensors, name.replace(/\w+$/, "running_mean"));
  return ofNorm && !name.endsWith("bias") ? "gain" : ofNorm ? "shift" : "bias";
}
