import { type Shape, sameShape } from "../../../core/index.js";
import type { Conv2dInputGradientParams } from "../../../graph/index.js";
import type { TensorName } from "../emitter.js";
import { transposed } from "../portable/convolution.js";
import { activationAttributes } from "./activation.js";
import { type BlockedContext, blockedShape, roundUp, view } from "./context.js";
import { emitBlockedConvolution, emitFinish } from "./convolution.js";
import { channelPattern, emitExchangedFilter } from "./filters.js";
import type { Activation } from "./fusion/primitives.js";
import { emitInterleave } from "./interleave.js";
import { type Axis, type Phase, phaseSize, phasesOf } from "./phases.js";
import { emitToBlocked, emitToPlain } from "./reorder.js";

/** What a convolution's input gradient is computed from. */
export interface InputGradientCall {
  /** Blocked. */
  readonly dy: TensorName;
  /** [N, K, H′, W′]. */
  readonly dyShape: Shape;
  /** Row-major [K, C/groups, h, w]. */
  readonly w: TensorName;
  readonly wShape: Shape;
  readonly params: Conv2dInputGradientParams;
  /** One number per channel that is added, surplus channels included. */
  readonly constant?: TensorName;
  /** Blocked, of the result's shape; added before the activation. */
  readonly added?: TensorName;
  readonly activation?: Activation | undefined;
}

/** What else counts for the gradient; both are added at no pass of their own, where a convolution can take them up. */
export interface InputGradientOptions {
  /** Another convolution of the same x, such as the shortcut of a residual block. */
  readonly also?: InputGradientCall;
}

/**
 * The gradient of a convolution with respect to its input, blocked: for each phase of the stride a convolution of dy with
 * the elements of the kernel that meet it, then all phases interleaved. Milliseconds on one thread:
 *
 * | channels, map, kernel, batch | **phases** | zeros between the elements of dy | `ConvTranspose` | forward |
 * |---|---|---|---|---|
 * | 16 → 32, 32×32, 3×3, 128 | **2.5** | 9.8 | 3.9 | 1.5 |
 * | 32 → 64, 16×16, 3×3, 128 | **1.6** | 6.5 | 2.9 | 1.4 |
 * | 64 → 128, 32×32, 3×3, 64 | **12** | 31 | 17 | 12 |
 * | 256 → 512, 8×8, 3×3, 64 | **11** | 38 | 24 | 11 |
 * | 128 → 128, 56×56, 3×3, 8 | **9** | 28 | 12 | 8 |
 * | 64 → 128, 32×32, 1×1, 64 | **2.9** | 8.0 | 4.1 | 1.2 |
 * | 256 → 512, 56×56, 1×1, 8 | **9.5** | 32 | 12.5 | 7.7 |
 */
export function emitInputGradient(
  context: BlockedContext,
  call: InputGradientCall,
  { also }: InputGradientOptions = {},
): TensorName {
  const { stride, inputShape } = call.params;
  const unstrided = stride.every((step) => step === 1);
  if (unstrided && !also) {
    const whole = emitPhases(context, call, { finish: call });
    if (whole) return whole[0]![0]!;
  }
  const phases = emitPhases(context, call, {});
  const shared = phases && also && sameShape(also.params.stride, stride) && emitPhases(context, also, { sums: phases });
  const image = phases ? interleaved(context, call, shared || phases) : throughPlain(context, call);
  const finished = emitFinish(context, image, inputShape, call);
  return also && !shared ? context.emit.op("Add", [finished, emitInputGradient(context, also)]) : finished;
}

type Phases = readonly (readonly (TensorName | undefined)[])[];

/** The gradient in phases, added to others; undefined where convolutions cannot compute it. */
function emitPhases(
  context: BlockedContext,
  call: InputGradientCall,
  {
    sums,
    finish = {},
  }: { readonly sums?: Phases; readonly finish?: Pick<InputGradientCall, "constant" | "added" | "activation"> },
): Phases | undefined {
  const { dy, w, wShape, params } = call;
  const { groups, stride } = params;
  const pattern = channelPattern(context, { wShape, groups });
  const [rowPhases, columnPhases] = [phasesOf(axisOf(call, 0)), phasesOf(axisOf(call, 1))];
  if (pattern === undefined || !rowPhases || !columnPhases) return undefined;
  const dilation = [0, 1].map((axis) => (stride[axis] === 1 ? params.dilation[axis]! : 1)) as [number, number];
  const emitPhase = (row: Phase, column: Phase, sum: TensorName | undefined): TensorName =>
    emitBlockedConvolution(context, {
      x: dy,
      filter: emitExchangedFilter(context, { w, wShape, groups }, row.taps, column.taps),
      kernel: [row.taps.length, column.taps.length],
      params: { stride: [1, 1], padding: [row.before, column.before, row.after, column.after], dilation },
      group: pattern === "depthwise" ? roundUp(context, groups) : groups,
      bias: finish.constant,
      sum: sum ?? finish.added,
      activation: activationAttributes(finish.activation),
    });
  return rowPhases.map((row, p) =>
    columnPhases.map((column, q) => {
      const sum = sums?.[p]?.[q];
      return row && column ? emitPhase(row, column, sum) : sum;
    }),
  );
}

function interleaved(context: BlockedContext, call: InputGradientCall, phases: Phases): TensorName {
  if (phases.length === 1 && phases[0]!.length === 1) return phases[0]![0]!;
  const { block } = context;
  const { inputShape } = call.params;
  const image = emitInterleave(context, {
    phases,
    phaseShape: [
      (inputShape[0]! * roundUp(context, inputShape[1]!)) / block,
      phaseSize(axisOf(call, 0)),
      phaseSize(axisOf(call, 1)),
      block,
    ],
    size: [inputShape[2]!, inputShape[3]!],
  });
  return view(context, image, blockedShape(context, inputShape));
}

function axisOf({ dyShape, wShape, params }: InputGradientCall, axis: 0 | 1): Axis {
  return {
    kernel: wShape[axis + 2]!,
    stride: params.stride[axis],
    dilation: params.dilation[axis],
    padding: params.padding[axis],
    windows: dyShape[axis + 2]!,
    size: params.inputShape[axis + 2]!,
  };
}

function throughPlain(context: BlockedContext, { dy, w, dyShape, wShape, params }: InputGradientCall): TensorName {
  const plain = transposed({
    emit: context.emit,
    inputs: [emitToPlain(context, dy, dyShape), w],
    types: [dyShape, wShape].map((shape) => ({ shape, dtype: "float32" })),
    params,
  });
  return emitToBlocked(context, plain, params.inputShape);
}
