import { tensor } from "../core/index.js";
import { cast, div, type Graph, type Layer, type Scope, sub, type Value } from "../graph/index.js";
import { type NetworkOptions, networkScope } from "./network-scope.js";

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

/** Adds the network to a graph, in a scope of its own; see {@link imageLogits}. */
export function forward(graph: Graph, network: ImageNetwork, batch: number, options: NetworkOptions): Forward {
  const scope = networkScope(graph, options);
  return { scope, logits: imageLogits(scope, network, batch) };
}

/** Adds the network to the scope's graph: input `images` [batch, C, H, W], normalized per channel, through all layers. */
export function imageLogits(scope: Scope, { network, shape, pixels, mean, std }: ImageNetwork, batch: number): Value {
  const { graph } = scope;
  const images = graph.input("images", [batch, ...shape], pixels);
  const unit = pixels === "uint8" ? 255 : 1;
  const perChannel = (values: readonly number[]): Value => graph.constant(tensor(values, [1, values.length, 1, 1]));
  const centred = sub(cast(images, "float32"), perChannel(mean.map((m) => unit * m)));
  const x = scope.stored(div(centred, perChannel(std.map((s) => unit * s))));
  return scope.record(network.apply(x, scope));
}
