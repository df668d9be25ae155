import type { NamedShape } from "./name-map.js";

/**
 * Which weights of a bare file are scale-invariant for each output channel, guessed by names: a convolution or linear layer
 * with as many outputs as the batch-norm that goes by a matching name has channels (`conv1` and `bn1`, `features.0` and
 * `features.1`, `conv` and `bn`, `norm2` after `conv1`), and the direction `weight_v` of a weight normalization. A guess: only the
 * graph says what is between the two.
 */
export function guessInvariant(tensors: readonly NamedShape[]): Set<string> {
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  const found = new Set<string>();
  for (const { name, shape } of tensors) {
    if (name.endsWith(".running_mean")) {
      const layer = layersBefore(name.slice(0, -".running_mean".length)).find((candidate) => {
        const weight = shapes.get(`${candidate}.weight`);
        return weight !== undefined && weight.length >= 2 && weight[0] === shape[0];
      });
      if (layer !== undefined) found.add(`${layer}.weight`);
    }
    const twin = name.replace(/_v$/, "_g").replace(/original1$/, "original0");
    if (twin !== name && shapes.has(twin) && shape.length >= 2) found.add(name);
  }
  return found;
}

/** Names that the layer before a batch-norm may have, likeliest first. */
function layersBefore(norm: string): string[] {
  const at = norm.lastIndexOf(".") + 1;
  const [parent, own] = [norm.slice(0, at), norm.slice(at)];
  if (/^\d+$/.test(own)) return own === "0" ? [] : [`${parent}${Number(own) - 1}`];
  const number = /\d*$/.exec(own)![0];
  const stems = ["conv", "fc", "linear", "lin"];
  const numbers = /^norm\d/.test(own) ? [String(Number(number) - 1), number] : [number];
  const byNumber = numbers.flatMap((each) => stems.map((stem) => `${parent}${stem}${each}`));
  const replaced = own.replace(/bn|norm|batch_?norm/i, "conv");
  return [...byNumber, ...(replaced === own ? [] : [`${parent}${replaced}`])];
}
