import type { Absorption, Layer } from "../graph/index.js";

/**
 * Layers one after the other. A list names them `0`, `1`, …; a record by its keys.
 *
 * What follows a layer decides whether the scale of its weights matters: a convolution with a batch-norm behind it is
 * scale-invariant per output channel, also when only layers that pass the scale on (ReLU, pooling) lie between.
 *
 * @example
 * const block = sequential({ conv: conv2d(64, { bias: false }), bn: batchNorm(), relu: relu() });
 */
export function sequential(...layers: readonly Layer[] | readonly [Readonly<Record<string, Layer>>]): Layer {
  const named = Object.entries(isRecord(layers) ? layers[0] : (layers as readonly Layer[]));
  return {
    kind: "sequential",
    apply(x, scope) {
      return named.reduce((value, [name, layer], position) => {
        const rest = named.slice(position + 1).map(([, following]) => following);
        const inner = scope.child(name, absorptionOf(rest, scope.absorption));
        const made = layer.apply(value, inner);
        const output = inner.stored(made); // in half precision another value, proportional to the same weight
        scope.noteProportion(output, scope.proportionOf(layer.scale === "passes" ? value : made));
        return layer.kind === "sequential" ? output : inner.record(output);
      }, x);
    },
  };
}

function isRecord(layers: readonly unknown[]): layers is readonly [Readonly<Record<string, Layer>>] {
  return layers.length === 1 && typeof (layers[0] as Partial<Layer>).apply !== "function";
}

/** What the layers that follow do to a channel's scale and shift; `after` is what follows them all. */
export function absorptionOf(following: readonly Layer[], after: Absorption): Absorption {
  let direct = true;
  for (const layer of following) {
    if (layer.scale === "channel" || layer.scale === "tensor") {
      return { scale: layer.scale, shift: direct && layer.absorbsShift === true };
    }
    if (layer.scale !== "passes") return { scale: "none", shift: false };
    direct = false; // a shift is not followed through ReLU or pooling
  }
  return { scale: after.scale, shift: direct && after.shift };
}
