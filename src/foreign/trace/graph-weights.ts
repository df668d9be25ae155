import type { OnnxFile } from "../../onnx/index.js";
import { invarianceOf } from "../invariance-of.js";
import { modelGraph } from "../model-graph.js";
import { type NamedShape, nameMap } from "../weights/name-map.js";
import type { TracedWeight } from "./weight-trace.js";

/** What a graph says of the weights of another file. */
export interface GraphWeights {
  readonly weights: readonly TracedWeight[];
  /** Operators that could not be followed; what lies behind them is taken to be not invariant. */
  readonly unknown: readonly string[];
}

/**
 * Which weights of a file a model's graph says to be scale-invariant, and in which groups. The two may name their tensors
 * differently; see {@link nameMap}.
 *
 * @param stored The tensors of the file. Those that the graph has not are left out.
 * @throws DataError or ShapeError if the model cannot be followed at all.
 */
export function graphWeights(model: OnnxFile, stored: readonly NamedShape[]): GraphWeights {
  const graph = modelGraph(model);
  const found = invarianceOf(graph);
  const analysed = new Map(found.map((weight) => [weight.name, weight]));
  const { matches } = nameMap(stored, found);
  const weights = stored.flatMap(({ name, shape }): TracedWeight[] => {
    const match = matches.get(name);
    const weight = match && analysed.get(match.from);
    if (weight === undefined || shape.length < 2) return [];
    const { invariance, axis, groups } = weight;
    const alone = invariance === "channel" || invariance === "head";
    const whole = invariance === "tensor" ? new Int32Array(shape[0]!) : undefined;
    return [
      {
        name,
        invariance,
        guessed: false,
        axis: alone && match!.transposed ? 1 - axis : alone ? axis : 0,
        ...(alone ? { groups } : whole ? { groups: whole } : {}),
      },
    ];
  });
  return { weights, unknown: graph.unknown.map(({ operator }) => operator) };
}
