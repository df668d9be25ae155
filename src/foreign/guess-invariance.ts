import { isFloating, type Tensor } from "../core/index.js";
import { turningRate } from "../dynamics/index.js";
import type { Role } from "../graph/index.js";
import { groupNorms, groupsOf } from "./group-norms.js";
import { concluded, type InspectedWeight, type Inspection, type InspectionOptions } from "./inspection.js";
import { spreadOf } from "./spread-of.js";

/**
 * An inspection of weights without their graph: guesses by name and shape, labelled as such. A weight with two or more
 * axes is taken to be scale-invariant by channel where a batch-norm (a module with `running_mean`) of as many channels
 * stands behind it by its name: `conv1` and `bn1` or `norm1`, `conv` and `bn`, `0` and `1` of one sequence, or `conv1` and
 * `norm2` where `norm1` has the channels of the input. All else is called `none`.
 */
export function guessInspection(
  tensors: Readonly<Record<string, Tensor>>,
  options: InspectionOptions = {},
): Inspection {
  const norms = new Map<string, number>();
  for (const [name, { shape }] of Object.entries(tensors)) {
    const module = /^(.*?)\.?running_mean$/.exec(name)?.[1];
    if (module !== undefined) norms.set(module, shape[0] ?? 1);
  }
  const weights = Object.entries(tensors)
    .filter(([name, { dtype }]) => isFloating(dtype) && !/(^|\.)(running_mean|running_var|running_scale)$/.test(name))
    .map(([name, tensor]) => guessed(name, tensor, norms, options));
  const note =
    "There is no graph in this file: every verdict is a guess by name and shape. --graph model.onnx gives the graph.";
  return concluded(weights, options, [], [note]);
}

function guessed(
  name: string,
  tensor: Tensor,
  norms: ReadonlyMap<string, number>,
  { optimizer }: InspectionOptions,
): InspectedWeight {
  const { shape } = tensor;
  const module = name.slice(0, Math.max(0, name.lastIndexOf(".")));
  const norm = shape.length > 1 ? normBehind(module, shape[0]!, norms) : undefined;
  const invariance = norm === undefined ? "none" : "channel";
  const channels = shape[0] ?? 1;
  const groups = groupsOf({ invariance, axis: 0, shape, groups: Int32Array.from({ length: channels }, (_, i) => i) });
  const each = groupNorms(tensor, groups);
  const spread = spreadOf(each);
  const size = tensor.data.length / groups.count;
  const rates =
    optimizer && norm !== undefined ? spreadOf(each.map((value) => turningRate(optimizer, value, size))) : undefined;
  const median = spread?.median ?? 0;
  return {
    name,
    shape,
    role: roleOf(name, shape.length, norms.has(module)),
    invariance,
    because:
      norm === undefined
        ? "no batch-norm stands behind it by name and shape"
        : `by its name and its ${channels} channels, the batch-norm ${norm} stands behind it`,
    guess: true,
    withoutEffect: false,
    partners: [],
    axis: 0,
    normOf: groups.kind,
    count: groups.count,
    size,
    ...(spread ? { norm: spread } : {}),
    dead: shape.length < 2 ? [] : [...each.keys()].filter((i) => each[i] === 0 || each[i]! < 1e-6 * median),
    ...(rates ? { rate: rates } : {}),
  };
}

function normBehind(module: string, channels: number, norms: ReadonlyMap<string, number>): string | undefined {
  const at = module.lastIndexOf(".") + 1;
  const [parent, own] = [module.slice(0, at), module.slice(at)];
  const number = /^(.*?)(\d*)$/.exec(own)!;
  const [stem, digits] = [number[1]!, number[2]!];
  const next = digits === "" ? "" : String(Number(digits) + 1);
  const names =
    stem === ""
      ? [next]
      : [digits, next].flatMap((suffix) => ["bn", "norm", "batchnorm", "batch_norm"].map((word) => `${word}${suffix}`));
  return names.map((name) => `${parent}${name}`).find((name) => norms.get(name) === channels);
}

function roleOf(name: string, axes: number, isNorm: boolean): Role {
  if (axes > 1) return "weight";
  if (isNorm) return name.endsWith("bias") ? "shift" : "gain";
  return "bias";
}
