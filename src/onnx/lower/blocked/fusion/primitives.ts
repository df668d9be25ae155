import { type DType, expectation, type Shape, ShapeError, sameShape } from "../../../../core/index.js";
import {
  add,
  apply,
  type Conv2dInputGradientParams,
  type Conv2dParams,
  cast,
  conv2d,
  conv2dInputGradient,
  definePrimitive,
  maximum,
  minimum,
  mul,
  type Pool2dParams,
  type Primitive,
  primitives,
  reduceSum,
  relu,
  secondDerivativeMissing,
  step,
  type Value,
  type ValueType,
} from "../../../../graph/index.js";

/** A primitive of a fused program. It exists below differentiation only. */
export interface FusedPrimitive<Name extends string, P extends object> extends Primitive<Name, P> {
  /** The same in the primitives of the graph: what it means, for the reference and for readers. */
  readonly expand: (inputs: readonly Value[], params: P) => Value;
}

/** Makes a primitive of a fused program: it has no derivative. */
export function defineFused<const Name extends string, P extends object>(
  fused: Omit<FusedPrimitive<Name, P>, "vjp">,
): FusedPrimitive<Name, P> {
  return { ...definePrimitive({ ...fused, vjp: secondDerivativeMissing(fused.name) }), expand: fused.expand };
}

/** What follows a fused computation, element by element. */
export type Activation = "relu" | { readonly clip: readonly [low: number, high: number] };

function activated(x: Value, activation: Activation | undefined): Value {
  if (activation === undefined) return x;
  return activation === "relu" ? relu(x) : minimum(maximum(x, activation.clip[0]), activation.clip[1]);
}

/** Parameters of {@link channelAffine}. Its inputs are, for each term, T and (if it has one) its factor; then b, if there is one. */
export interface ChannelAffineParams {
  /** For each term whether it has a factor; without one it counts once. */
  readonly factors: readonly boolean[];
  readonly constant: boolean;
  readonly activation?: Activation;
}

/** The operands of a {@link channelAffine}, told apart. */
export interface AffineOperands<T> {
  readonly terms: readonly { readonly tensor: T; readonly factor: T | undefined }[];
  readonly constant: T | undefined;
}

/** Tells the inputs of a {@link channelAffine} apart. */
export function affineOperands<T>(inputs: readonly T[], { factors, constant }: ChannelAffineParams): AffineOperands<T> {
  let next = 0;
  const terms = factors.map((has) => ({ tensor: inputs[next++]!, factor: has ? inputs[next++] : undefined }));
  return { terms, constant: constant ? inputs[next] : undefined };
}

/** f(Σᵢ aᵢ[c] Tᵢ + b[c]) of tensors T [N, C, H, W] with factors a and a constant b of shape [1, C, 1, 1]. */
export const channelAffine = defineFused({
  name: "channelAffine",
  infer: ([first]: readonly ValueType[], _: ChannelAffineParams): ValueType => first!,
  expand(inputs, params) {
    const { terms, constant } = affineOperands(inputs, params);
    const sum = terms
      .map(({ tensor, factor }) => (factor ? mul(tensor, factor) : tensor))
      .reduce((total, term) => add(total, term));
    return activated(constant ? add(sum, constant) : sum, params.activation);
  },
});

/** Σ T U over N, H and W: [1, C, 1, 1]. */
export const channelDot = defineFused({
  name: "channelDot",
  infer: ([a, b]: readonly ValueType[], _params: Record<never, never>): ValueType => {
    if (!sameShape(a!.shape, b!.shape)) {
      throw new ShapeError(expectation("channelDot", `two tensors of shape [${a!.shape}]`, `[${b!.shape}]`));
    }
    return { shape: perChannel(a!.shape), dtype: a!.dtype };
  },
  expand: ([a, b]) => reduceSum(mul(a!, b!), [0, 2, 3]),
});

/** g where y > 0, else 0: the gradient of y = relu(x) for the cotangent g. */
export const gate = defineFused({
  name: "gate",
  infer: ([g]: readonly ValueType[], _params: Record<never, never>): ValueType => g!,
  expand: ([g, y]) => mul(g!, step(y!)),
});

/** s x + y with a scalar s: a step of an update. */
export const scaledSum = defineFused({
  name: "scaledSum",
  infer: ([x]: readonly ValueType[], _params: Record<never, never>): ValueType => x!,
  expand: ([x, s, y]) => add(mul(x!, s!), y!),
});

/** The gradient of a max pooling of x = relu(z) with respect to z: (x, y, dy) → dz. */
export const gatedMaxPool2dGradient = defineFused({
  name: "gatedMaxPool2dGradient",
  infer: ([x]: readonly ValueType[], _: Pool2dParams): ValueType => x!,
  expand: ([x, y, dy], params) => mul(apply(primitives.maxPool2dGradient, [x!, y!, dy!], params), step(x!)),
});

/** x rounded to a narrower number format, in the wider one. */
export const rounded = defineFused({
  name: "rounded",
  infer: ([x]: readonly ValueType[], _: { readonly through: DType }): ValueType => x!,
  expand: ([x], { through }) => cast(cast(x!, through), x!.dtype),
});

/** What is done to the result of a convolution before it is stored. Inputs after x and w: the constant [1, C, 1, 1], then the tensor. */
export interface Epilogue {
  readonly constant: boolean;
  readonly added: boolean;
  readonly activation?: Activation;
}

function finished(result: Value, rest: readonly Value[], { constant, added, activation }: Epilogue): Value {
  const shifted = constant ? add(result, rest[0]!) : result;
  return activated(added ? add(shifted, rest.at(-1)!) : shifted, activation);
}

/** Parameters of {@link fusedConv2d}. */
export type FusedConv2dParams = Conv2dParams & { readonly epilogue: Epilogue };

/** Parameters of {@link fusedConv2dInputGradient}. */
export type FusedConv2dInputGradientParams = Conv2dInputGradientParams & { readonly epilogue: Epilogue };

/** f(conv2d(x, w) + b + T). */
export const fusedConv2d = defineFused({
  name: "fusedConv2d",
  infer: (inputs: readonly ValueType[], params: FusedConv2dParams): ValueType =>
    primitives.conv2d.infer(inputs.slice(0, 2), params),
  expand: ([x, w, ...rest], { epilogue, ...params }) => finished(conv2d(x!, w!, params), rest, epilogue),
});

/** f(conv2dInputGradient(dy, w) + b + T). */
export const fusedConv2dInputGradient = defineFused({
  name: "fusedConv2dInputGradient",
  infer: ([dy]: readonly ValueType[], { inputShape }: FusedConv2dInputGradientParams): ValueType => ({
    shape: inputShape,
    dtype: dy!.dtype,
  }),
  expand: ([dy, w, ...rest], { epilogue, inputShape, ...params }) =>
    finished(conv2dInputGradient(dy!, w!, inputShape, params), rest, epilogue),
});

/** Parameters of {@link twoInputGradients}. */
export interface TwoInputGradientsParams {
  readonly first: Conv2dInputGradientParams;
  readonly second: Conv2dInputGradientParams;
}

/** The gradient of two convolutions of the same x with respect to it: (dy, w, dy′, w′) → dx. */
export const twoInputGradients = defineFused({
  name: "twoInputGradients",
  infer: ([dy]: readonly ValueType[], { first }: TwoInputGradientsParams): ValueType => ({
    shape: first.inputShape,
    dtype: dy!.dtype,
  }),
  expand: ([dy, w, dz, v], { first, second }) =>
    add(
      apply(primitives.conv2dInputGradient, [dy!, w!], first),
      apply(primitives.conv2dInputGradient, [dz!, v!], second),
    ),
});

/** [1, C, 1, 1]. */
export const perChannel = (shape: Shape): number[] => [1, shape[1]!, 1, 1];
