import { DataError, expectation } from "../../../core/index.js";
import type { Value } from "../../../graph/index.js";
import * as g from "../../../graph/index.js";
import type { Call, Rule } from "../call.js";
import { follows } from "../not-followed.js";

/** Sequences are unrolled up to this many steps. */
const longest = 1024;

/** The parameters of one direction: rows of W [gates · H, I], R [gates · H, H] and both biases, gate by gate. */
interface Weights {
  readonly w: Value;
  readonly r: Value;
  readonly ofInput: Value;
  readonly ofState: Value;
  readonly hidden: number;
}

/** A step of a cell: from what it is given and its state to its next state, of which the first part is its output. */
type Step = (x: Value, state: readonly Value[], weights: Weights) => readonly Value[];

/** Columns of a product of all gates that belong to one. */
const gate = (all: Value, index: number, hidden: number): Value =>
  g.sliceAxis(all, 1, index * hidden, (index + 1) * hidden);
const times = (x: Value, rows: Value): Value => g.matmul(x, g.transposeLast(rows));

/** Gates: input, output, forget, cell. */
const lstmStep: Step = (x, [h, c], { w, r, ofInput, ofState, hidden }) => {
  const all = g.add(g.add(times(x, w), ofInput), g.add(times(h!, r), ofState));
  const [admit, emit, keep] = [0, 1, 2].map((index) => g.sigmoid(gate(all, index, hidden))) as [Value, Value, Value];
  const cell = g.add(g.mul(keep, c!), g.mul(admit, g.tanh(gate(all, 3, hidden))));
  return [g.mul(emit, g.tanh(cell)), cell];
};

/** Gates: update, reset, hidden; the reset acts on the state, or on the product with it. */
const gruStep =
  (resetsProduct: boolean): Step =>
  (x, [h], { w, r, ofInput, ofState, hidden }) => {
    const given = g.add(times(x, w), ofInput);
    const own = g.add(times(h!, r), ofState);
    const [update, reset] = [0, 1].map((index) =>
      g.sigmoid(g.add(gate(given, index, hidden), gate(own, index, hidden))),
    ) as [Value, Value];
    const rows = g.sliceAxis(r, 0, 2 * hidden, 3 * hidden);
    const recalled = resetsProduct
      ? g.mul(reset, gate(own, 2, hidden))
      : g.add(times(g.mul(reset, h!), rows), gate(ofState, 2, hidden));
    const candidate = g.tanh(g.add(gate(given, 2, hidden), recalled));
    return [g.add(candidate, g.mul(update, g.sub(h!, candidate)))];
  };

/** A layer of cells in one or both directions: outputs [T, directions, N, H], and the last state, [directions, N, H] each. */
function recurrent(call: Call, gates: number, states: number, step: Step): Value[] {
  for (const attribute of ["activations", "clip", "activation_alpha", "activation_beta"]) {
    follows(!call.at.has(attribute), `${attribute} is not followed`);
  }
  follows(!call.has(4) && !call.has(7), "lengths of sequences and peepholes are not followed");
  follows(call.at.int("layout", 0) === 0 && call.at.int("input_forget", 0) === 0, "this layout is not followed");
  const [x, w, r] = [call.value(0), call.weight(1), call.weight(2)];
  const [length, n] = x.shape as [number, number];
  const hidden = r.shape.at(-1)!;
  const direction = call.at.text("direction", "forward");
  const directions = direction === "bidirectional" ? [false, true] : [direction === "reverse"];
  if (x.rank !== 3 || w.rank !== 3 || r.rank !== 3 || w.shape[0] !== directions.length) {
    throw new DataError(
      expectation(
        call.where,
        `x [T, N, I] and weights [${directions.length}, gates · H, …]`,
        `[${x.shape}], [${w.shape}] and [${r.shape}]`,
      ),
    );
  }
  follows(length <= longest, `sequences of more than ${longest} steps are not followed`);
  const part = (value: Value, at: number): Value => g.reshape(g.sliceAxis(value, 0, at, at + 1), value.shape.slice(1));
  const zeros = g.broadcastTo(x.graph.constant(0), [n, hidden]);

  const made = directions.map((backwards, at) => {
    const both = call.has(3)
      ? g.reshape(part(call.weight(3, "bias"), at), [1, -1])
      : g.broadcastTo(x.graph.constant(0), [1, 2 * gates * hidden]);
    const [ofInput, ofState] = [0, 1].map((half) => gate(both, half, gates * hidden)) as [Value, Value];
    const weights: Weights = { w: part(w, at), r: part(r, at), ofInput, ofState, hidden };
    let state: readonly Value[] = Array.from({ length: states }, (_, place) =>
      call.has(5 + place) ? part(call.value(5 + place), at) : zeros,
    );
    const outputs = new Array<Value>(length);
    for (let t = 0; t < length; t++) {
      const now = backwards ? length - 1 - t : t;
      state = step(part(x, now), state, weights);
      outputs[now] = g.reshape(state[0]!, [1, 1, n, hidden]);
    }
    return { outputs: g.concat(outputs, 0), state };
  });
  const last = Array.from({ length: states }, (_, place) =>
    g.concat(
      made.map(({ state }) => g.reshape(state[place]!, [1, n, hidden])),
      0,
    ),
  );
  return [
    g.concat(
      made.map(({ outputs }) => outputs),
      1,
    ),
    ...last,
  ];
}

/** Recurrent layers, unrolled. */
export const recurrence: Readonly<Record<string, Rule>> = {
  LSTM: (call) => recurrent(call, 4, 2, lstmStep),
  GRU: (call) => recurrent(call, 3, 1, gruStep(call.at.flag("linear_before_reset", false))),
};
