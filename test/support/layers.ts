import type { Tensor } from "../../src/core/index.js";
import {
  Graph,
  gradients,
  type Layer,
  mul,
  type Precision,
  Scope,
  type Tensors,
  total,
  type Value,
} from "../../src/graph/index.js";
import { evaluate } from "../../src/reference/index.js";
import { normal, uniform } from "./random-tensors.js";

/** A layer in a graph of its own, and tensors for all that the graph needs. */
export interface BuiltLayer {
  readonly graph: Graph;
  readonly scope: Scope;
  readonly x: Value;
  readonly output: Value;
  /** `x`, the parameters and the buffers, all of them random: no gain of 1 or shift of 0 that could hide a mistake. */
  readonly feeds: Record<string, Tensor>;
}

/** Options of {@link buildLayer}. */
export interface BuildLayerOptions {
  /** True by default. */
  readonly training?: boolean;
  /** Puts the layer behind a scale-invariant weight whose norm it is to follow. */
  readonly following?: { readonly epsilonScale: number; readonly statisticsScale?: number };
  /** Float32 throughout by default. */
  readonly precision?: Precision;
}

/** Applies a layer to an input `x`. */
export function buildLayer(layer: Layer, x: Tensor, options: BuildLayerOptions = {}): BuiltLayer {
  const { training = true, following, precision } = options;
  const graph = new Graph();
  const input = graph.input("x", x.shape, x.dtype);
  const scope = new Scope(graph, {
    training,
    ...(precision ? { precision } : {}),
    ...(following
      ? {
          following: {
            epsilonScale: graph.constant(following.epsilonScale),
            statisticsScale: graph.constant(following.statisticsScale ?? 1),
          },
        }
      : {}),
  });
  if (following) scope.noteProportion(input, { weight: "before.weight" });
  const output = layer.apply(input, scope);
  const feeds: Record<string, Tensor> = { x };
  for (const { name, role, value } of scope.parameters) {
    feeds[name] = normal(`parameter ${name}`, value.shape, role === "gain" ? 1 : 0, 0.3);
  }
  for (const { name, value, initial } of scope.buffers) {
    feeds[name] =
      initial === 0 ? normal(`buffer ${name}`, value.shape) : uniform(`buffer ${name}`, value.shape, 0.5, 2);
  }
  return { graph, scope, x: input, output, feeds };
}

/** Values of a built layer in float64, as plain numbers. */
export function numbers(values: Value | readonly Value[], feeds: Tensors): number[][] {
  const wanted = Array.isArray(values) ? (values as readonly Value[]) : [values as Value];
  return evaluate(wanted, feeds).map(({ data }) => Array.from(data, Number));
}

/** The output of a layer, row-major. */
export function outputOf({ output }: BuiltLayer, feeds: Tensors): number[] {
  return numbers(output, feeds)[0]!;
}

/** Gradients of Σ c · output with random c, by each of the named inputs. */
export function gradientsOf({ graph, output }: BuiltLayer, feeds: Tensors, names: readonly string[]): number[][] {
  const cotangent = graph.constant(normal("layer cotangent", output.shape));
  const slopes = gradients(
    total(mul(output, cotangent)),
    names.map((name) => graph.inputs.get(name)!),
  );
  return numbers(
    slopes.map((slope, i) => slope ?? mul(graph.inputs.get(names[i]!)!, 0)),
    feeds,
  );
}

/** ‖a − b‖ / ‖b‖. */
export function relativeDistance(a: readonly number[], b: readonly number[]): number {
  const norm = (values: readonly number[]): number => Math.hypot(...values);
  return norm(a.map((value, i) => value - b[i]!)) / norm(b);
}

/** A tensor with each channel (axis 0) multiplied by a factor of its own. */
export function scaleChannels(tensor: Tensor, factorOf: (channel: number) => number): Tensor<"float64"> {
  const perChannel = tensor.data.length / tensor.shape[0]!;
  const data = Float64Array.from(tensor.data as Float32Array, (x, i) => x * factorOf(Math.floor(i / perChannel)));
  return { dtype: "float64", shape: tensor.shape, data };
}
