import { normalizeAxis, sizeOf } from "../../../core/index.js";
import type { Value } from "../../../graph/index.js";
import * as g from "../../../graph/index.js";
import type { Call, Rule } from "../call.js";
import { unary } from "./elementwise.js";

const clamp = (x: Value, low: number, high: number): Value => g.minimum(g.maximum(x, low), high);
const softplus = (x: Value): Value => g.add(g.relu(x), g.log(g.add(g.exp(g.neg(g.abs(x))), 1)));
const hardSigmoid = (x: Value, slope: number, offset: number): Value => clamp(g.add(g.mul(x, slope), offset), 0, 1);
/** x where positive, else below(x); `below` is given no positive number, so that it cannot overflow. */
const bentAtZero = (x: Value, below: (negative: Value) => Value): Value => g.add(g.relu(x), below(g.minimum(x, 0)));
const exponential = (x: Value, scale: number): Value => g.mul(g.sub(g.exp(x), 1), scale);

const leakyRelu: Rule = (call) => bentAtZero(call.value(0), (x) => g.mul(x, call.at.number("alpha", 0.01)));
const elu: Rule = (call) => bentAtZero(call.value(0), (x) => exponential(x, call.at.number("alpha", 1)));
const celu: Rule = (call) => {
  const alpha = call.at.number("alpha", 1);
  return bentAtZero(call.value(0), (x) => exponential(g.mul(x, 1 / alpha), alpha));
};
const selu: Rule = (call) => {
  const alpha = call.at.number("alpha", 1.6732631921768188);
  const gamma = call.at.number("gamma", 1.0507010221481323);
  return g.mul(
    bentAtZero(call.value(0), (x) => exponential(x, alpha)),
    gamma,
  );
};
/** A slope for each channel has the channels' axis first, [C, 1, 1], and so broadcasts. */
const parametricRelu: Rule = (call) => bentAtZero(call.value(0), (x) => g.mul(x, call.weight(1, "gain")));
const thresholdedRelu: Rule = (call) => {
  const x = call.value(0);
  return g.where(g.greater(x, call.at.number("alpha", 1)), x, 0);
};

/** x Φ(x), or its approximation by tanh. */
const gelu: Rule = (call) => {
  const x = call.value(0);
  if (call.at.text("approximate", "none") === "none")
    return g.mul(g.mul(x, 0.5), g.add(g.erf(g.mul(x, Math.SQRT1_2)), 1));
  const inner = g.mul(g.add(x, g.mul(g.mul(g.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return g.mul(g.mul(x, 0.5), g.add(g.tanh(inner), 1));
};

/** Before opset 13 all axes from `axis` on are normalized together. */
function logSoftmaxOf(call: Call): Value {
  const x = call.value(0);
  const together = call.opset < 13;
  const axis = normalizeAxis(call.where, call.at.int("axis", together ? 1 : -1), x.rank);
  if (!together || axis === x.rank - 1) return g.logSoftmax(x, axis);
  const flat = g.reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
  return g.reshape(g.logSoftmax(flat), x.shape);
}

/** Activations: those that act on single elements, and softmax. */
export const activation: Readonly<Record<string, Rule>> = {
  Relu: unary(g.relu),
  LeakyRelu: leakyRelu,
  PRelu: parametricRelu,
  ThresholdedRelu: thresholdedRelu,
  Elu: elu,
  Celu: celu,
  Selu: selu,
  Sigmoid: unary(g.sigmoid),
  HardSigmoid: (call) => hardSigmoid(call.value(0), call.at.number("alpha", 0.2), call.at.number("beta", 0.5)),
  HardSwish: unary((x) => g.mul(x, hardSigmoid(x, 1 / 6, 0.5))),
  Tanh: unary(g.tanh),
  Softplus: unary(softplus),
  Softsign: unary((x) => g.div(x, g.add(g.abs(x), 1))),
  Mish: unary((x) => g.mul(x, g.tanh(softplus(x)))),
  Gelu: gelu,
  Softmax: (call) => g.exp(logSoftmaxOf(call)),
  LogSoftmax: (call) => logSoftmaxOf(call),
};
