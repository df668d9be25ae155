import { div, gradients, mul, type Parameter, type Value } from "../graph/index.js";
import { clipByGlobalNorm, type Group } from "../optim/index.js";

/** A parameter with its group and gradient. */
export interface Member {
  readonly group: Group;
  readonly parameter: Parameter;
  readonly gradient: Value;
}

/**
 * The gradient of every parameter that the loss depends on. With a scale it is that of the loss times the scale, divided
 * by it in float32, so that small gradients survive being stored on the way.
 */
export function stepGradients(loss: Value, groups: readonly Group[], scale: Value | undefined): Member[] {
  const members = groups.flatMap((group) => group.parameters.map((parameter) => ({ group, parameter })));
  const found = gradients(
    scale ? mul(loss, scale) : loss,
    members.map(({ parameter }) => parameter.value),
  );
  return members.flatMap((member, index) => {
    const slope = found[index];
    return slope === undefined ? [] : [{ ...member, gradient: scale ? div(slope, scale) : slope }];
  });
}

/** With gradients whose norm, over all members together, is at most the given one. */
export function clipped(members: readonly Member[], clipNorm: number | undefined): readonly Member[] {
  if (clipNorm === undefined) return members;
  const gradientsOf = members.map(({ gradient }) => gradient);
  const scaled = clipByGlobalNorm(gradientsOf, clipNorm);
  return members.map((member, index) => ({ ...member, gradient: scaled[index]! }));
}
