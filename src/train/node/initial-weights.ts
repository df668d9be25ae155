import { createHash } from "node:crypto";
import { DataError, expectation, type Shape, type Tensor } from "../../core/index.js";
import { readWeights } from "../../foreign/files/index.js";
import { asWanted, type NameMap, nameMap } from "../../foreign/index.js";
import { convertTensor } from "../../onnx/index.js";

/** Weights to start a training from. */
export interface InitialWeights {
  /** Parameters and buffers by the network's names, float32. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  /** SHA-256 of names and elements, in hexadecimal. */
  readonly fingerprint: string;
}

/** A tensor that a network needs. */
interface Needed {
  readonly name: string;
  readonly value: { readonly shape: Shape };
}

/**
 * Reads all parameters and buffers of a network from a safetensors or ONNX file of any framework; see {@link nameMap} for
 * the names that fit.
 *
 * @throws DataError that lists what is missing, what is unexpected and what has another shape; or if the file is damaged.
 * @throws RunError if the file cannot be read.
 */
export async function readInitialWeights(path: string, needed: readonly Needed[]): Promise<InitialWeights> {
  const file = await readWeights(path);
  const floating = [...file.weights.values()].filter(
    (weight) => weight.floating && !weight.name.startsWith("optimizer/"),
  );
  const wanted = needed.map(({ name, value }) => ({ name, shape: value.shape }));
  const map = nameMap(wanted, floating);
  requireAll(path, map);
  const tensors: Record<string, Tensor> = {};
  const hash = createHash("sha256");
  for (const { name } of wanted) {
    const match = map.matches.get(name)!;
    const stored = asWanted(await file.weights.get(match.from)!.read(), match);
    const tensor = convertTensor(stored, "float32") as Tensor<"float32">;
    tensors[name] = tensor;
    hash.update(`${name}\n`).update(new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength));
  }
  return { tensors, fingerprint: hash.digest("hex") };
}

function requireAll(path: string, { missing, unexpected, misshaped }: NameMap): void {
  const listed = (what: string, names: readonly string[]): string[] => {
    const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
    return names.length === 0 ? [] : [`${what} ${names.slice(0, 5).join(", ")}${more}`];
  };
  const problems = [
    ...listed("missing", missing),
    ...listed("unexpected", unexpected),
    ...listed(
      "of another shape",
      misshaped.map(({ name, wanted, got }) => `${name} [${got}] in place of [${wanted}]`),
    ),
  ];
  if (problems.length === 0) return;
  const fix = "the model, its width and its number of classes must be those of the file";
  throw new DataError(expectation(`--init ${path}`, "the tensors of this network", problems.join("; "), fix));
}
