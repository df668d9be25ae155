import { add, concat, mul, reshape, type Scope, sigmoid, sliceAxis, tanh, type Value } from "../graph/index.js";
import { declareWeight, type NormFactory, type WeightNorm } from "../norm/index.js";
import { uniformFanIn } from "./initializers.js";
import { times } from "./linear.js";

/** Options of {@link lstm}. */
export interface LstmOptions {
  /** Normalizes, over the features, both projections and the cell before it is read; `"none"` by default. */
  readonly norm?: NormFactory;
  /** Makes the weights from stored parameters, per output feature. */
  readonly weightNorm?: WeightNorm;
}

/** What an LSTM carries from step to step, both [N, width]. */
export interface LstmState {
  readonly hidden: Value;
  readonly cell: Value;
}

/** An LSTM layer whose parameters are declared. */
export interface Lstm {
  /** All steps of x [T, N, in]: hidden states and cells, [T, N, width] each. The start is 0 by default. */
  run(x: Value, start?: LstmState): LstmState;
  /** One step with x [N, in]. */
  step(x: Value, state?: LstmState): LstmState;
}

/**
 * A layer of long short-term memory (Hochreiter & Schmidhuber 1997; PyTorch's form and names):
 * (i, f, g, o) = W_ih x + b_ih + W_hh h + b_hh, c ← σ(f) c + σ(i) tanh(g), h ← σ(o) tanh(c). With a norm (Ba et al. 2016):
 * norm(W_ih x) and norm(W_hh h) in the sum, and tanh(norm(c)).
 *
 * Parameters `weight_ih` [4 · width, in], `weight_hh` [4 · width, width], `bias_ih`, `bias_hh` [4 · width], and those of the
 * norms in `norm_ih`, `norm_hh` and `norm_c`.
 *
 * The steps are unrolled. What does not depend on the step before, W_ih x + b, is one product for all of them. Two layers
 * each of an encoder and a decoder make a training step of 2,438 nodes at T = 10 and 10,118 at T = 50, whose session is
 * made in under a second; its time grows by an eighth from T = 10 to 50 at 2,000 tokens a batch (docs/translation.md).
 */
export function lstm(scope: Scope, inputs: number, width: number, options: LstmOptions = {}): Lstm {
  const { norm = "none", weightNorm } = options;
  const weightOf = (name: string, from: number): Value =>
    declareWeight(
      scope,
      { name, shape: [4 * width, from], initializer: uniformFanIn(width), invariance: "none" },
      weightNorm,
    );
  const biasOf = (name: string): Value => scope.stored(scope.parameter(name, [4 * width], uniformFanIn(width), "bias"));
  const [ofInput, ofHidden] = [weightOf("weight_ih", inputs), weightOf("weight_hh", width)];
  const bias = add(biasOf("bias_ih"), biasOf("bias_hh"));
  const normalize = (x: Value, name: string): Value =>
    norm === "none" ? x : scope.stored(norm({}).apply(x, scope.child(name).repeated()));

  const projected = (x: Value): Value => scope.stored(add(normalize(scope.stored(times(x, ofInput)), "norm_ih"), bias));

  /** One step, from W_ih x + b. */
  function advance(fromInput: Value, state?: LstmState): LstmState {
    const recurrent = state && normalize(scope.stored(times(state.hidden, ofHidden)), "norm_hh");
    const gates = recurrent ? add(fromInput, recurrent) : fromInput;
    const gate = (index: number): Value => sliceAxis(gates, 1, index * width, (index + 1) * width);
    const [admit, keep, candidate, emit] = [0, 1, 2, 3].map(gate) as [Value, Value, Value, Value];
    const admitted = mul(sigmoid(admit), tanh(candidate));
    const cell = scope.stored(state ? add(mul(sigmoid(keep), state.cell), admitted) : admitted);
    return { hidden: scope.stored(mul(sigmoid(emit), tanh(normalize(cell, "norm_c")))), cell };
  }

  return {
    run(x, start) {
      const [length, n] = x.shape as [number, number];
      const fromInput = projected(x);
      const states: LstmState[] = [];
      for (let t = 0; t < length; t++) {
        const now = reshape(sliceAxis(fromInput, 0, t, t + 1), [n, 4 * width]);
        states.push(advance(now, states.at(-1) ?? start));
      }
      const joined = (values: readonly Value[]): Value => concat(values.map((value) => reshape(value, [1, n, width])));
      return { hidden: joined(states.map(({ hidden }) => hidden)), cell: joined(states.map(({ cell }) => cell)) };
    },
    step: (x, state) => advance(projected(x), state),
  };
}
