import type { Shape } from "../../../core/index.js";
import type { Conv2dInputGradientParams } from "../../../graph/index.js";
import type { TensorName } from "../emitter.js";
import { reach } from "../portable/reach.js";
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

/**
 * The gradient of a convolution with respect to its input, blocked: for each phase of the stride a convolution of dy with
 * the elements of the kernel that meet it, then all phases interleaved.
 */
export function emitInputGradient(context: BlockedContext, call: InputGradientCall): TensorName {
  const { dy, w, wShape, params } = call;
  const { groups, inputShape } = params;
  const pattern = channelPattern(context, { wShape, groups });
  const [rows, columns] = [axisOf(call, 0), axisOf(call, 1)];
  const [rowPhases, columnPhases] = [phasesOf(rows), phasesOf(columns)];
  if (pattern === undefined || !rowPhases || !columnPhases) return throughPlain(context, call);

  const dilation = [0, 1].map((axis) => (params.stride[axis] === 1 ? params.dilation[axis]! : 1)) as [number, number];
  const whole = params.stride[0] * params.stride[1] === 1;
  const emitPhase = (row: Phase | undefined, column: Phase | undefined): TensorName | undefined =>
    row &&
    column &&
    emitBlockedConvolution(context, {
      x: dy,
      filter: emitExchangedFilter(context, { w, wShape, groups }, row.taps, column.taps),
      kernel: [row.taps.length, column.taps.length],
      params: {
        stride: [1, 1],
        padding: [row.before, column.before, row.after, column.after],
        dilation,
      },
      group: pattern === "depthwise" ? roundUp(context, groups) : groups,
      ...(whole ? { bias: call.constant, sum: call.added, activation: activationAttributes(call.activation) } : {}),
    });
  const phases = rowPhases.map((row) => columnPhases.map((column) => emitPhase(row, column)));
  if (whole) return phases[0]![0]!;
  const { block } = context;
  const planes = (inputShape[0]! * roundUp(context, inputShape[1]!)) / block;
  const image = emitInterleave(context, {
    phases,
    phaseShape: [planes, phaseSize(rows), phaseSize(columns), block],
    size: [inputShape[2]!, inputShape[3]!],
  });
  return emitFinish(context, view(context, image, blockedShape(context, inputShape)), inputShape, call);
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

function throughPlain(context: BlockedContext, call: InputGradientCall): TensorName {
  const { dy, w, dyShape, wShape, params } = call;
  const { stride, padding, dilation, groups, inputShape } = params;
  const unreached = [0, 1].map(
    (axis) =>
      inputShape[axis + 2]! +
      padding[axis]! +
      padding[axis + 2]! -
      reach(axis, dyShape[axis + 2]!, wShape[axis + 2]!, params),
  );
  const plain = context.emit.op("ConvTranspose", [emitToPlain(context, dy, dyShape), w], {
    strides: stride,
    pads: padding,
    dilations: dilation,
    group: groups,
    output_padding: unreached,
  });
  return emitFinish(context, emitToBlocked(context, plain, inputShape), inputShape, call);
}
