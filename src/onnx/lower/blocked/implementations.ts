import type { Conv2dParams, PrimitiveName, Value } from "../../../graph/index.js";
import type { AppliedValue, Rule } from "../lowering.js";
import { portableRules } from "../portable/index.js";
import { channelGather, channelScatter, channelTop } from "./fusion/channel-elements.js";
import {
  channelAffine,
  channelDot,
  fusedConv2d,
  fusedConv2dInputGradient,
  gate,
  gatedMaxPool2dGradient,
  rounded,
  scaledSum,
  twoInputGradients,
} from "./fusion/primitives.js";
import { arithmetic, convolutionOperations, convolutionRates, passes } from "./layout/costs.js";
import type { Implementation } from "./layout/implementation.js";
import { affineImplementations } from "./rules/affine.js";
import { gatherImplementations, scatterImplementations, topImplementations } from "./rules/channel-elements.js";
import {
  convolutionImplementations,
  inputGradientImplementations,
  twoGradientsImplementations,
} from "./rules/convolution.js";
import { elementwiseImplementations, gateImplementations, roundedImplementations } from "./rules/elementwise.js";
import {
  averagePoolGradientImplementations,
  averagePoolImplementations,
  maxPoolGradientImplementations,
  maxPoolImplementations,
} from "./rules/pooling.js";
import { scaledSumImplementation } from "./rules/scaled-sum.js";
import { smallMapConvolutions, smallMapPoolings } from "./rules/small-maps.js";
import { dotImplementations, sumImplementations } from "./rules/sums.js";
import { weightGradientImplementations } from "./weight-gradient/index.js";

/** All ways to compute a value: those for images in other layouts, and the portable one. */
export function implementationsOf(value: AppliedValue, images: ReadonlySet<Value>, block: number): Implementation[] {
  const touched = images.has(value) || value.source.inputs.some((input) => images.has(input));
  if (value.source.primitive.name === scaledSum.name) return [scaledSumImplementation(value)];
  return [...(touched ? special(value, block) : []), ...(touched ? smallMaps(value) : []), ...asPortable(value)];
}

function special(value: AppliedValue, block: number): Implementation[] {
  const { primitive, inputs, params } = value.source;
  switch (primitive.name) {
    case channelAffine.name:
      return affineImplementations(value, inputs, params);
    case channelDot.name:
      return dotImplementations(value, inputs);
    case channelTop.name:
      return topImplementations(inputs, params);
    case channelGather.name:
      return gatherImplementations();
    case channelScatter.name:
      return scatterImplementations(value, inputs);
    case gate.name:
      return gateImplementations(value);
    case rounded.name:
      return roundedImplementations(value, params);
    case "conv2d":
    case fusedConv2d.name:
      return convolutionImplementations(value, inputs, params, block);
    case "conv2dInputGradient":
    case fusedConv2dInputGradient.name:
      return inputGradientImplementations(value, inputs, params);
    case "conv2dWeightGradient":
      return [...weightGradientImplementations(inputs, params, block)];
    case "maxPool2d":
      return maxPoolImplementations(value, inputs);
    case "maxPool2dGradient":
    case gatedMaxPool2dGradient.name:
      return maxPoolGradientImplementations(inputs, primitive.name === gatedMaxPool2dGradient.name);
    case twoInputGradients.name:
      return twoGradientsImplementations(value, inputs, params);
    case "averagePool2d":
      return averagePoolImplementations(value, inputs);
    case "averagePool2dGradient":
      return averagePoolGradientImplementations(value);
    case "reduceSum":
      return sumImplementations(value, inputs, params);
    default:
      return elementwiseImplementations(value, inputs, primitive.name, block);
  }
}

function smallMaps(value: AppliedValue): Implementation[] {
  const { primitive, inputs, params } = value.source;
  return [
    ...smallMapConvolutions(primitive.name, value, inputs, params),
    ...smallMapPoolings(primitive.name, value, inputs),
  ];
}

/** The rule of the portable lowering, on plain tensors. */
function asPortable(value: AppliedValue): Implementation[] {
  const { primitive, inputs } = value.source;
  const rule = portableRules[primitive.name as PrimitiveName] as Rule | undefined;
  if (!rule) return [];
  return [{ layout: "plain", operands: inputs.map(() => "plain"), cost: portableCost(value), emit: "portable" }];
}

function portableCost(value: AppliedValue): number {
  const { primitive, inputs, params } = value.source;
  const moved = [value, ...inputs].reduce((total, { shape }) => total + passes(1, shape), 0);
  if (!primitive.name.startsWith("conv2d")) return moved;
  const { groups } = params as Conv2dParams;
  const sizes = [value, ...inputs].map(({ shape }) => shape);
  const weights = primitive.name === "conv2dWeightGradient" ? sizes[0]! : sizes[2]!;
  const y = primitive.name === "conv2dInputGradient" ? sizes[1]! : primitive.name === "conv2d" ? sizes[0]! : sizes[2]!;
  const { portable, portableGrouped } = convolutionRates;
  return moved + arithmetic(convolutionOperations(weights, y), groups === 1 ? portable : portableGrouped);
}
