import {
  arrayTypes,
  expectation,
  fromBfloat16Bits,
  fromFloat16Bits,
  InvalidArgumentError,
  isFloating,
  sameShape,
  type Tensor,
} from "../core/index.js";
import type { ValueType } from "../graph/index.js";
import type { Held } from "./rule.js";
import { converted } from "./structure.js";

/** A tensor as the reference holds it, always a copy. */
export function hold({ dtype, shape, data }: Tensor): Held {
  if (dtype === "float16") return { dtype, shape, data: Float64Array.from(data as Uint16Array, fromFloat16Bits) };
  if (dtype === "bfloat16") return { dtype, shape, data: Float64Array.from(data as Uint16Array, fromBfloat16Bits) };
  if (dtype === "int64") return { dtype, shape, data: Float64Array.from(data as BigInt64Array, Number) };
  return { dtype, shape, data: new Float64Array(data as ArrayLike<number>) };
}

/** A tensor that is fed to a graph input, converted to what the input declares. */
export function feed(name: string, { dtype, shape }: ValueType, fed: Held | undefined): Held {
  const wanted = `${name} of ${dtype}[${shape}]`;
  if (fed === undefined) throw new InvalidArgumentError(expectation("run", wanted, "nothing", "feed it"));
  const fits = fed.dtype === dtype || (isFloating(fed.dtype) && isFloating(dtype));
  if (!fits || !sameShape(fed.shape, shape)) {
    throw new InvalidArgumentError(
      expectation("run", wanted, `${fed.dtype}[${fed.shape}]`, "feed a tensor of that shape and kind"),
    );
  }
  return fed.dtype === dtype ? fed : { dtype, shape, data: converted(fed.data, fed.dtype, dtype) };
}

/** A held value as a tensor of its own: floating-point values of every width as float64, others in their dtype. */
export function release({ dtype, shape, data }: Held): Tensor {
  if (isFloating(dtype)) return { dtype: "float64", shape, data: data.slice() };
  if (dtype === "int64") return { dtype, shape, data: BigInt64Array.from(data as unknown as number[], BigInt) };
  return { dtype, shape, data: new arrayTypes[dtype](data) } as Tensor;
}
