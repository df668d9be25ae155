import { DataError, expectation, sizeOf } from "../../../core/index.js";
import type { Buffer, Value } from "../../../graph/index.js";
import * as g from "../../../graph/index.js";
import type { Call, Rule } from "../call.js";

/**
 * y = γ (x − mean) / √(σ² + ε) + β per channel of x [N, C, …]. In training by the batch's mean and biased variance, and the
 * running statistics take the unbiased one, as PyTorch has it; else by the running ones. `momentum` is what they keep.
 */
export const batchNormalization: Rule = (call) => {
  const x = call.value(0);
  if (x.rank < 2) throw new DataError(expectation(call.where, "x [N, C, …]", `[${x.shape}]`));
  const perChannel = x.shape.map((size, axis) => (axis === 1 ? size : 1));
  const [gain, shift] = [call.weight(1, "gain"), call.weight(2, "shift")];
  const epsilon = call.at.number("epsilon", 1e-5);
  const [, scale = "", bias = "", mean = "", variance = ""] = call.node.inputs;
  const names = { scale, shift: bias, mean, variance };
  const replaced = call.context.batchNorm?.({ x, gain, shift, epsilon });
  if (replaced) {
    call.context.batchNorms.push({ node: call.node, input: x, output: replaced, epsilon, ...names });
    return replaced;
  }
  const kept = [call.buffer(3), call.buffer(4)] as const;
  const running = kept.map((buffer, place) => buffer?.value ?? call.value(place + 3)) as [Value, Value];

  const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const { training } = call.context.scope;
  const average = training ? g.reduceMean(x, axes) : g.reshape(running[0], perChannel);
  const centred = g.sub(x, average);
  const square = training ? g.reduceMean(g.square(centred), axes) : g.reshape(running[1], perChannel);
  // γ/σ first, one number a channel.
  const factor = g.div(g.reshape(gain, perChannel), g.sqrt(g.add(square, epsilon)));
  const output = g.add(g.mul(centred, factor), g.reshape(shift, perChannel));

  if (training && kept[0] && kept[1]) {
    const count = sizeOf(axes.map((axis) => x.shape[axis]!));
    const unbiased = g.mul(square, count / Math.max(count - 1, 1));
    follow(call, [kept[0], kept[1]], [average, unbiased]);
    call.context.scope.child(call.node.name).noteStatistic("scale", square);
  }
  call.context.batchNorms.push({ node: call.node, input: x, output, epsilon, ...names });
  return [output, kept[0]?.next ?? running[0], kept[1]?.next ?? running[1]];
};

/** Blends a batch's statistics into the running ones; if any is not finite, all stay as they are. */
function follow(call: Call, kept: readonly Buffer[], now: readonly Value[]): void {
  const keep = call.at.number("momentum", 0.9);
  const finite = g.equal(g.zeroIfFinite(now), 0);
  for (const [place, buffer] of kept.entries()) {
    const before = buffer.next ?? buffer.value;
    const blended = g.add(g.mul(before, keep), g.mul(g.reshape(now[place]!, before.shape), 1 - keep));
    buffer.next = g.where(finite, blended, before);
  }
}
