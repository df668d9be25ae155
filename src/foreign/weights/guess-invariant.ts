import type { NamedShape } from "./name-map.js";

/** What batch-norms are called, before the number that a layer has too. */
const normWords = ["bn", "norm", "batchnorm", "batch_norm"];

/**
 * Which weights of a bare file are scale-invariant for each output channel, guessed by names and shapes, and what says
 * so: those with as many outputs as a batch-norm (a module with `running_mean`) has channels that by its name stands behind
 * them (`conv1` and `bn1` or `norm1`, `conv_a` and `bn_a`, `features.0` and `features.1`, or `conv1` and `norm2` where `norm1` has the
 * channels of the input), and the direction `weight_v` of a weight normalization. A guess: only the graph says what is between
 * the two.
 *
 * @returns The reasons, by the weights' names.
 */
export function guessInvariant(tensors: readonly NamedShape[]): Map<string, string> {
  const names = new Set(tensors.map(({ name }) => name));
  const norms = new Map<string, number>();
  for (const { name, shape } of tensors) {
    const module = /^(.+)\.running_mean$/.exec(name)?.[1];
    if (module !== undefined) norms.set(module, shape[0] ?? 1);
  }
  const found = new Map<string, string>();
  for (const { name, shape } of tensors.filter((each) => each.shape.length >= 2)) {
    const magnitude = name.replace(/_v$/, "_g").replace(/original1$/, "original0");
    const module = /^(.+)\.weight$/.exec(name)?.[1];
    const norm = module && normsBehind(module).find((each) => norms.get(each) === shape[0]);
    if (magnitude !== name && names.has(magnitude)) {
      found.set(name, `by its name, a weight normalization gives it the magnitude ${magnitude}`);
    } else if (norm) {
      found.set(name, `by its name and its ${shape[0]} channels, the batch-norm ${norm} stands behind it`);
    }
  }
  return found;
}

/** Names that the batch-norm behind a layer may have, likeliest first. */
function normsBehind(layer: string): string[] {
  const at = layer.lastIndexOf(".") + 1;
  const [parent, own] = [layer.slice(0, at), layer.slice(at)];
  const [, stem, digits] = /^(.*?)(\d*)$/.exec(own) as unknown as [string, string, string];
  const next = digits === "" ? "" : String(Number(digits) + 1);
  if (stem === "") return [`${parent}${next}`];
  const renamed = normWords.map((word) => own.replace(/conv|fc|linear|lin/i, word)).filter((name) => name !== own);
  const numbered = [digits, next].flatMap((number) => normWords.map((word) => `${word}${number}`));
  return [...renamed, ...numbered].map((name) => `${parent}${name}`);
}
