import * as convolution from "./convolution.js";
import * as elementwise from "./elementwise.js";
import * as indexing from "./indexing.js";
import * as matmul from "./matmul.js";
import * as pooling from "./pooling.js";
import * as reduction from "./reduction.js";
import * as structure from "./structure.js";

/**
 * Every primitive, by name. What must exist for each (reference evaluation, lowering) is typed
 * `{ [N in PrimitiveName]: … }`, so that a missing rule does not compile.
 */
export const primitives = {
  add: elementwise.addPrimitive,
  sub: elementwise.subPrimitive,
  mul: elementwise.mulPrimitive,
  div: elementwise.divPrimitive,
  maximum: elementwise.maximumPrimitive,
  minimum: elementwise.minimumPrimitive,
  greater: elementwise.greaterPrimitive,
  equal: elementwise.equalPrimitive,
  neg: elementwise.negPrimitive,
  abs: elementwise.absPrimitive,
  sign: elementwise.signPrimitive,
  step: elementwise.stepPrimitive,
  exp: elementwise.expPrimitive,
  log: elementwise.logPrimitive,
  sqrt: elementwise.sqrtPrimitive,
  reciprocal: elementwise.reciprocalPrimitive,
  relu: elementwise.reluPrimitive,
  tanh: elementwise.tanhPrimitive,
  sigmoid: elementwise.sigmoidPrimitive,
  erf: elementwise.erfPrimitive,
  asin: elementwise.asinPrimitive,
  power: elementwise.powerPrimitive,
  where: elementwise.wherePrimitive,
  reduceSum: reduction.reduceSumPrimitive,
  reduceMax: reduction.reduceMaxPrimitive,
  topK: reduction.topKPrimitive,
  topKIndices: reduction.topKIndicesPrimitive,
  argMax: reduction.argMaxPrimitive,
  logSoftmax: reduction.logSoftmaxPrimitive,
  matmul: matmul.matmulPrimitive,
  conv2d: convolution.conv2dPrimitive,
  conv2dInputGradient: convolution.conv2dInputGradientPrimitive,
  conv2dWeightGradient: convolution.conv2dWeightGradientPrimitive,
  maxPool2d: pooling.maxPool2dPrimitive,
  maxPool2dGradient: pooling.maxPool2dGradientPrimitive,
  averagePool2d: pooling.averagePool2dPrimitive,
  averagePool2dGradient: pooling.averagePool2dGradientPrimitive,
  gather: indexing.gatherPrimitive,
  scatterAdd: indexing.scatterAddPrimitive,
  gatherElements: indexing.gatherElementsPrimitive,
  scatterAddElements: indexing.scatterAddElementsPrimitive,
  oneHot: indexing.oneHotPrimitive,
  reshape: structure.reshapePrimitive,
  broadcastTo: structure.broadcastToPrimitive,
  transpose: structure.transposePrimitive,
  concat: structure.concatPrimitive,
  slice: structure.slicePrimitive,
  pad: structure.padPrimitive,
  cast: structure.castPrimitive,
  stopGradient: structure.stopGradientPrimitive,
  customGradient: structure.customGradientPrimitive,
} as const;

/** The name of a primitive. */
export type PrimitiveName = keyof typeof primitives;

/** The parameters of the primitive of that name. */
export type ParamsOf<N extends PrimitiveName> = Parameters<(typeof primitives)[N]["infer"]>[1];
