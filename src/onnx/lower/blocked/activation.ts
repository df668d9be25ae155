import type { Attributes } from "../attributes.js";
import type { Emitter, TensorName } from "../emitter.js";
import type { Activation } from "./fusion/primitives.js";

/** The activation of a blocked convolution, as its attributes say it. */
export function activationAttributes(activation: Activation | undefined): Attributes {
  if (activation === undefined) return {};
  if (activation === "relu") return { activation: "Relu" };
  return { activation: "Clip", activation_params: { floats: activation.clip } };
}

/** An activation by standard operators. */
export function emitActivation(emit: Emitter, x: TensorName, activation: Activation | undefined): TensorName {
  if (activation === undefined) return x;
  if (activation === "relu") return emit.op("Relu", [x]);
  return emit.op("Clip", [x, ...activation.clip.map((bound) => emit.scalar(bound, "float32"))]);
}
