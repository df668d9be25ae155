import { stat } from "node:fs/promises";
import { DataError, expectation, type Tensor } from "../core/index.js";
import type { OptimizerNumbers } from "../dynamics/index.js";
import { readFloats, readWeights } from "../foreign/files/read-weights.js"; // not the room's index, which loads Arrow
import { foldedExport, type ModelGraph, type ModelGraphOptions, matchTensors, modelGraph } from "../foreign/index.js";
import { readOnnxFile } from "../onnx/import/files/index.js";

/** What `normwise inspect` was pointed at. */
export interface InspectSource {
  /** The model in training form; absent where there are only weights. */
  readonly build?: (options: ModelGraphOptions) => ModelGraph;
  /** The weights alone, where there is no graph. */
  readonly tensors?: Readonly<Record<string, Tensor>>;
  /** What a run folder says of its training. */
  readonly optimizer?: OptimizerNumbers;
  readonly steps?: number;
  readonly stepsPerEpoch?: number;
  readonly notes: readonly string[];
}

/**
 * Opens a run folder, an ONNX file, or a safetensors file with or without the graph that its weights belong to.
 * @throws DataError or RunError if it cannot be read.
 */
export async function openInspectSource(path: string, graph?: string): Promise<InspectSource> {
  if ((await kindOf(path)) === "folder") {
    if (graph !== undefined) throw new DataError(expectation("--graph", "a safetensors file to go with it", path));
    const { readRunGraph } = await import("../train/node/run-graph.js");
    const { build, ...rest } = await readRunGraph(path);
    return { ...rest, build: ({ batch = 2 }) => build(batch), notes: [] };
  }
  const file = path.endsWith(".onnx") ? undefined : await readWeights(path);
  if (file === undefined || file.format === "onnx") {
    if (graph !== undefined) throw new DataError(expectation("--graph", "a safetensors file to go with it", path));
    return onnxSource(path);
  }
  const tensors = await readFloats(file);
  if (graph === undefined) return { tensors, notes: [] };
  return matchedSource(path, tensors, graph);
}

async function onnxSource(path: string): Promise<InspectSource & Required<Pick<InspectSource, "build">>> {
  const file = await readOnnxFile(path);
  const folded = foldedExport(file);
  return { build: (options) => modelGraph(file, options), notes: folded === undefined ? [] : [folded] };
}

/** A graph with the weights of another file. */
async function matchedSource(
  path: string,
  held: Readonly<Record<string, Tensor>>,
  graph: string,
): Promise<InspectSource> {
  const { build, notes } = await onnxSource(graph);
  const plain = build({});
  const wanted = [
    ...plain.parameters.map(({ name, value }) => ({ name, shape: value.shape })),
    ...plain.buffers.map((name) => ({ name, shape: plain.graph.inputs.get(name)?.shape ?? [] })),
  ];
  const { tensors, missing, unused } = matchTensors(wanted, held);
  if (tensors.size === 0) {
    throw new DataError(
      expectation(
        path,
        `tensors called as in ${graph} (${wanted
          .slice(0, 3)
          .map(({ name }) => name)
          .join(", ")}, …)`,
        Object.keys(held).slice(0, 3).join(", "),
      ),
    );
  }
  const list = (names: readonly string[]): string => `${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""}`;
  const absent = `${missing.length} of ${wanted.length} tensors are not in ${path} and have the values of ${graph}: ${list(missing)}`;
  const left = `${unused.length} tensors of ${path} belong to nothing in ${graph}: ${list(unused)}`;
  return {
    build: (options) => {
      const model = build(options);
      return { ...model, read: (name) => tensors.get(name) ?? model.read(name) };
    },
    notes: [...notes, ...(missing.length > 0 ? [absent] : []), ...(unused.length > 0 ? [left] : [])],
  };
}

async function kindOf(path: string): Promise<"folder" | "file"> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch (cause) {
    const fix = "give an .onnx or .safetensors file, or a run folder";
    throw new DataError(expectation("inspect", "a file or folder that exists", path, fix), { cause });
  }
}
