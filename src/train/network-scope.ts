import { type Graph, type Precision, Scope } from "../graph/index.js";

/** Name of the graph input that multiplies the ε of the normalizations behind scale-invariant weights. */
export const epsilonScaleInput = "control/epsilonScale";

/** Name of the graph input that their running statistics are multiplied by after a step. */
export const statisticsScaleInput = "control/statisticsScale";

/** How a network is put into a graph. */
export interface NetworkOptions {
  readonly training: boolean;
  /** Whether the graph has inputs that scale ε and, in training, running statistics; false by default. */
  readonly scalesEpsilon?: boolean;
  /** Number formats that are emulated; float32 throughout by default. */
  readonly precision?: Precision;
}

/** The scope of a whole network in a graph. */
export function networkScope(graph: Graph, { training, scalesEpsilon, precision }: NetworkOptions): Scope {
  return new Scope(graph, {
    training,
    ...(precision ? { precision } : {}),
    ...(scalesEpsilon
      ? {
          following: {
            epsilonScale: graph.input(epsilonScaleInput),
            ...(training ? { statisticsScale: graph.input(statisticsScaleInput) } : {}),
          },
        }
      : {}),
  });
}
