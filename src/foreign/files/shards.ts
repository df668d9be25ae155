import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { DataError, expectation } from "../../core/index.js";
import { fileError } from "../../io/files/file-error.js";
import type { StoredWeight, WeightsFile } from "../weights/stored-weight.js";

/**
 * The files that hold a folder's tensors: those of its `*.safetensors.index.json`, or its only safetensors file.
 * @throws DataError if there is no such file, several, or an index that names files elsewhere.
 */
export function weightFilesOf(folder: string): string[] {
  const names = readdirSync(folder);
  const indices = names.filter((name) => name.endsWith(".safetensors.index.json"));
  const singles = names.filter((name) => name.endsWith(".safetensors"));
  if (indices.length === 1) return shardsOf(join(folder, indices[0]!), folder);
  if (indices.length === 0 && singles.length === 1) return [join(folder, singles[0]!)];
  const got = [...indices, ...singles].join(", ") || "neither";
  const fix = "name the file itself";
  throw new DataError(expectation(folder, "one *.safetensors file, or one *.safetensors.index.json", got, fix));
}

function shardsOf(index: string, folder: string): string[] {
  let map: unknown;
  try {
    map = (JSON.parse(readFileSync(index, "utf8")) as { weight_map?: unknown } | null)?.weight_map;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw fileError(index, "read the file", cause);
  }
  const files = typeof map === "object" && map !== null ? [...new Set(Object.values(map))] : [];
  if (files.length === 0) throw new DataError(expectation(index, "a JSON object with a weight_map", map));
  return files.map((name) => {
    const plain = typeof name === "string" && basename(name) === name && existsSync(join(folder, name));
    if (!plain) throw new DataError(expectation(index, "names of files beside it", name));
    return join(folder, name as string);
  });
}

/** Several files as one. Throws a DataError if two hold a tensor of the same name. */
export function joinedWeights(path: string, files: readonly WeightsFile[]): WeightsFile {
  const weights = new Map<string, StoredWeight>();
  for (const file of files) {
    for (const [name, weight] of file.weights) {
      if (weights.has(name)) throw new DataError(expectation(path, "each tensor in one file", `${name} in two`));
      weights.set(name, weight);
    }
  }
  return {
    path,
    format: "safetensors",
    weights,
    metadata: Object.assign({}, ...files.map(({ metadata }) => metadata)) as Record<string, string>,
  };
}
