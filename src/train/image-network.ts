import { tensor } from "../core/index.js";
import { cast, div, type Graph, type Layer, Scope, type ScopeOptions, sub, type Value } from "../graph/index.js";

/** A network and the images it takes. */
export interface ImageNetwork {
  readonly network: Layer;
  /** Channels, height, width. */
  readonly shape: readonly [number, number, number];
  /** How pixels are stored: `uint8` stands for value/255, `float32` for the value itself. */
  readonly pixels: "uint8" | "float32";
  /** Per channel, subtracted from the value and dividing it. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** A network's forward pass in a graph. */
export interface Forward {
  readonly scope: Scope;
  /** [N, classes]. */
  readonly logits: Value;
}

/** Name of the graph input that multiplies the ε of the normalizations behind scale-invariant weights. */
export const epsilonScaleInput = "control/epsilonScale";

/** Name of the graph input that their running statistics are multiplied by after a step. */
export const statisticsScaleInput = "control/statisticsScale";

/** Adds the network to a graph: input `images` [batch, C, H, W], normalized per channel, through all layers. */
export function forward(
  graph: Graph,
  { network, shape, pixels, mean, std }: ImageNetwork,
  batch: number,
  options: { readonly training: boolean; readonly scalesEpsilon?: boolean },
): Forward {
  const images = graph.input("images", [batch, ...shape], pixels);
  const unit = pixels === "uint8" ? 255 : 1;
  const perChannel = (values: readonly number[]): Value => graph.constant(tensor(values, [1, values.length, 1, 1]));
  const centred = sub(cast(images, "float32"), perChannel(mean.map((m) => unit * m)));
  const x = div(centred, perChannel(std.map((s) => unit * s)));
  const scopeOptions: ScopeOptions = {
    training: options.training,
    ...(options.scalesEpsilon
      ? {
          following: {
            epsilonScale: graph.input(epsilonScaleInput),
            ...(options.training ? { statisticsScale: graph.input(statisticsScaleInput) } : {}),
          },
        }
      : {}),
  };
  const scope = new Scope(graph, scopeOptions);
  return { scope, logits: network.apply(x, scope) };
}
