import type { SliceParams, Value } from "../../../graph/index.js";
import type { Emitter, TensorName } from "../emitter.js";
import type { RuleContext } from "../lowering.js";

/** A value cut along an axis into pieces that lie side by side and are the whole of it. */
interface Cuts {
  readonly axis: number;
  /** Where each piece begins, in order, and where the last one ends. */
  readonly bounds: readonly number[];
}

const known = new WeakMap<Emitter, ReadonlyMap<Value, Cuts>>();

/** All slices of a value by one node, where they are the pieces of it; undefined where they are not. */
export function pieceOfSplit(context: RuleContext<SliceParams>): TensorName | undefined {
  const { emit, inputs, operands, params } = context;
  const [x] = operands as [Value];
  const cuts = known.get(emit) ?? allCuts(x.graph.values);
  known.set(emit, cuts);
  const found = cuts.get(x);
  if (!found) return undefined;
  const { axis, bounds } = found;
  const sizes = bounds.slice(1).map((end, piece) => end - bounds[piece]!);
  const node = emit.node("Split", [inputs[0]!, emit.ints(sizes)], { attributes: { axis } });
  node.output(sizes.length - 1); // a node has all its outputs, used or not
  return node.output(bounds.indexOf(params.starts[axis]!));
}

function allCuts(values: readonly Value[]): Map<Value, Cuts> {
  const slices = new Map<Value, SliceParams[]>();
  for (const { source } of values) {
    if (source.kind !== "apply" || source.primitive.name !== "slice") continue;
    const x = source.inputs[0]!;
    slices.set(x, [...(slices.get(x) ?? []), source.params as SliceParams]);
  }
  return new Map(
    [...slices].flatMap(([x, params]) => {
      const cuts = cutsOf(x, params);
      return cuts ? [[x, cuts] as const] : [];
    }),
  );
}

function cutsOf({ shape }: Value, slices: readonly SliceParams[]): Cuts | undefined {
  const cut = shape.flatMap((size, axis) =>
    slices.some(({ starts, ends }) => ends[axis]! - starts[axis]! < size) ? [axis] : [],
  );
  const whole = slices.every(({ strides }) => strides.every((stride) => stride === 1));
  if (cut.length !== 1 || !whole || slices.length < 2) return undefined;
  const axis = cut[0]!;
  const pieces = slices.map(({ starts, ends }) => [starts[axis]!, ends[axis]!] as const).sort(([a], [b]) => a - b);
  const bounds = [0, ...pieces.map(([, end]) => end)];
  const tiled = pieces.every(([start], piece) => start === bounds[piece]) && bounds.at(-1) === shape[axis];
  return tiled ? { axis, bounds } : undefined;
}
