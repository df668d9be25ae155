import { tensor } from "../core/index.js";
import { add, Graph, gather, logSoftmax, type Program, Scope, topK, topKIndices, type Value } from "../graph/index.js";
import { hiddenScore } from "../nn/index.js";
import { type NamedValues, reserved, type Translator } from "./translator.js";

/** The sizes of a batch that is decoded. */
export interface DecodingShape {
  readonly sentences: number;
  readonly sourceLength: number;
  /** Tokens that a translation may have. */
  readonly length: number;
  /** Unfinished translations of each sentence. */
  readonly beam: number;
}

/** Two programs on one state that holds the network's weights, and what they leave in it for each other. */
export interface DecodingPrograms {
  /** Input `source` [sentences, sourceLength] int32; leaves what the first step needs in the state. */
  readonly encode: Program;
  /**
   * Inputs `tokens`, `parents` (which row each row continues) [sentences · beam] and `position` [], all int32. Outputs
   * `likely` int64 and `logProbabilities` [rows, beam + 1] of the likeliest next tokens, the likeliest first; never the
   * padding or the start token.
   */
  readonly step: Program;
}

/** Builds the programs that decode one shape of batch. */
export function decodingPrograms(network: Translator, shape: DecodingShape): DecodingPrograms {
  const { sentences, sourceLength, length, beam } = shape;
  const encoding = new Graph();
  const source = encoding.input("source", [sentences, sourceLength], "int32");
  const encoded = network.open(new Scope(encoding, { training: false })).encode(source);
  const rows = encoding.constant(
    tensor(
      Array.from({ length: sentences * beam }, (_, row) => Math.floor(row / beam)),
      [sentences * beam],
      "int32",
    ),
  );
  const forEachRow = (values: NamedValues): NamedValues =>
    beam === 1 ? values : mapped(values, (value) => gather(value, rows));
  const memory = forEachRow(encoded.memory());
  const carried = forEachRow(encoded.carried(length));
  const encode: Program = {
    graph: encoding,
    outputs: {},
    updates: { ...kept("memory", memory), ...kept("carried", carried) },
  };
  return { encode, step: stepProgram(network, { memory, carried }, sentences * beam, beam) };
}

function stepProgram(
  network: Translator,
  left: { readonly memory: NamedValues; readonly carried: NamedValues },
  rows: number,
  beam: number,
): Program {
  const graph = new Graph();
  const input = (kind: "memory" | "carried"): NamedValues => {
    const named = kept(kind, left[kind]);
    const names = Object.keys(left[kind]);
    return Object.fromEntries(
      Object.entries(named).map(([name, { shape, dtype }], i) => [names[i]!, graph.input(name, shape, dtype)]),
    );
  };
  const tokens = graph.input("tokens", [rows], "int32");
  const parents = graph.input("parents", [rows], "int32");
  const position = graph.input("position", [], "int32");
  const before = input("carried");
  const continued = beam === 1 ? before : mapped(before, (value) => gather(value, parents));
  const opened = network.open(new Scope(graph, { training: false }));
  const { logits, carried } = opened.step(tokens, position, input("memory"), continued);
  const never = Array.from({ length: network.vocabulary }, (_, token) =>
    token === reserved.pad || token === reserved.start ? hiddenScore : 0,
  );
  const scores = add(logSoftmax(logits), graph.constant(tensor(never, [network.vocabulary])));
  const count = Math.min(beam + 1, network.vocabulary);
  return {
    graph,
    outputs: { likely: topKIndices(scores, count), logProbabilities: topK(scores, count) },
    updates: kept("carried", carried),
  };
}

/** Values by the names that they have in the state. */
const kept = (kind: string, values: NamedValues): Record<string, Value> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${kind}/${name}`, value]));

const mapped = (values: NamedValues, change: (value: Value) => Value): NamedValues =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
