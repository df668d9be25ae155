import { sizeOf } from "../../../../core/index.js";
import {
  add,
  copyLeaf,
  div,
  Graph,
  mul,
  neededValues,
  neg,
  type Pool2dParams,
  type Program,
  primitives,
  type ReduceParams,
  resultsOf,
  type Value,
  withResults,
} from "../../../../graph/index.js";
import { asScaledSum } from "./as-scaled-sum.js";
import {
  asChannelGather,
  asChannelScatters,
  asChannelTop,
  channelGather,
  channelScatter,
  channelTop,
  isRearranged,
} from "./channel-elements.js";
import {
  type Combination,
  just,
  negated,
  onlyTerm,
  perRow,
  plainTensor,
  plus,
  scaled,
  shifted,
  type Term,
} from "./combination.js";
import { foldEpilogues } from "./epilogue.js";
import { findImages } from "./images.js";
import { isCentred } from "./is-centred.js";
import { type Activation, channelAffine, gate, gatedMaxPool2dGradient, rounded, scaledSum } from "./primitives.js";
import { channelSums, isConvolved } from "./sums.js";

/**
 * Far above 1 over any activation, and its product with any activation far below the largest number: it decides signs. A
 * power of two, as products with it do not round: what cancels to zero still does.
 */
const huge = 2 ** 100;
/** A combination of more tensors is computed before it grows further. */
const mostTerms = 3;

/**
 * An equal program in which whole passes over activations [N, C, H, W] are single values: a normalization with what is added
 * to it and the ReLU behind it ({@link channelAffine}), a product that is summed at once, a gradient's mask. What
 * differentiation writes as ten passes over an activation becomes four.
 *
 * A convolution's output has a mean of the size of its deviation: its variance is taken in one pass, Σx² − (Σx)²/n, and it is
 * normalized as ax + b. Of anything else the mean is subtracted first.
 */
export function fuse(program: Program): Program {
  const graph = new Graph();
  const images = new Map<Value, Image>();
  const others = new Map<Value, Value>();
  const sums = channelSums();

  const values = neededValues(resultsOf(program));
  const found = findImages(values);
  const isImage = (value: Value): boolean => found.has(value);
  const alike = (a: Value, b: Value): boolean => isImage(a) && isImage(b) && String(a.shape) === String(b.shape);
  /** Whether an operation with a result on an image of its shape takes one number for each channel, which changes no shape. */
  const takesPerChannel = (image: Value, numbers: Value, result: Value): boolean =>
    alike(image, result) && isPerChannel(numbers, result);
  for (const value of values) {
    if (isImage(value)) images.set(value, imageOf(value));
    else if (!isRearranged(value, isImage)) others.set(value, otherOf(value)); // else if anything asks for it
  }
  return foldEpilogues(withResults(program, graph, renewed));

  /** The value in the fused graph, computed. */
  function renewed(value: Value): Value {
    if (images.has(value)) return tensorOf(value);
    const other = others.get(value) ?? otherOf(value);
    others.set(value, other);
    return other;
  }

  function tensorOf(value: Value): Value {
    const image = images.get(value)!;
    image.tensor ??= image.compute();
    return image.tensor;
  }

  /** What is computed already is not put together again. */
  function combinationOf(value: Value): Combination {
    const { tensor, combination } = images.get(value)!;
    return tensor || !combination ? just(tensorOf(value)) : combination;
  }

  function otherOf(value: Value): Value {
    const { source } = value;
    if (source.kind !== "apply") return copyLeaf(value, graph)!;
    const [x] = source.inputs;
    const overChannels = source.primitive === primitives.reduceSum && x && isImage(x);
    if (overChannels && String((source.params as ReduceParams).axes) === "0,2,3") return channelSumOf(x);
    return (
      elementsOf(value) ??
      scaledSumOf(value) ??
      graph.apply(source.primitive, source.inputs.map(renewed), source.params)
    );
  }

  function scaledSumOf(value: Value): Value | undefined {
    const sum = asScaledSum(value);
    if (!sum) return undefined;
    const s = renewed(sum.s);
    return graph.apply(scaledSum, [renewed(sum.x), sum.negative ? neg(s) : s, renewed(sum.y)], {});
  }

  /** Single elements of channels, or their positions. */
  function elementsOf(value: Value): Value | undefined {
    const top = asChannelTop(value);
    if (top && isImage(top.x)) {
      const { tensor, factor, constant } = oneTerm(top.x);
      const [x, b] = factor ? [tensorOf(top.x)] : [tensor, constant];
      return graph.apply(channelTop, b ? [x!, b] : [x!], top.params);
    }
    const gathered = asChannelGather(value);
    if (!gathered || !isImage(gathered.x)) return undefined;
    const { tensor, factor, constant } = oneTerm(gathered.x);
    const elements = graph.apply(channelGather, [tensor, renewed(gathered.positions)], {});
    const scaledElements = factor ? mul(elements, perRow(factor)) : elements;
    return constant ? add(scaledElements, perRow(constant)) : scaledElements;
  }

  function oneTerm(x: Value): Term & Pick<Combination, "constant"> {
    const combination = combinationOf(x);
    const term = onlyTerm(combination);
    return term ? { ...term, constant: combination.constant } : { ...just(tensorOf(x)).terms[0]!, constant: undefined };
  }

  function imageOf(value: Value): Image {
    const { source } = value;
    if (source.kind !== "apply") return { compute: () => otherOf(value) };
    const [a, b] = source.inputs as [Value, Value];
    switch (source.primitive.name) {
      case "add":
        return sumOf(value, a, b) ?? whole(value);
      case "sub":
        return differenceOf(value, a, b) ?? whole(value);
      case "neg":
        return combined(negated(combinationOf(a)));
      case "mul":
        return productOf(value, a, b) ?? whole(value);
      case "div":
        return takesPerChannel(a, b, value) ? combined(scaled(combinationOf(a), div(1, renewed(b)))) : whole(value);
      case "cast":
        return roundTrip(value) ?? whole(value);
      case "transpose":
        return scatteredOf(value) ?? whole(value);
      case "relu":
        return { compute: () => computed(combinationOf(a), "relu") };
      case "step":
        return { compute: () => computed(scaled(combinationOf(a), graph.constant(huge)), { clip: [0, 1] }) };
      case "sign":
        return { compute: () => computed(scaled(combinationOf(a), graph.constant(huge)), { clip: [-1, 1] }) };
      default:
        return whole(value);
    }
  }

  /** Zeros but for single elements. */
  function scatteredOf(value: Value): Image | undefined {
    const additions = asChannelScatters(value)?.map(({ values, positions }) => ({
      values: renewed(values),
      positions: renewed(positions),
    }));
    return additions && combined({ shape: value.shape, terms: [], constant: undefined, additions });
  }

  /** To a half and back. */
  function roundTrip({ source, dtype }: Value): Image | undefined {
    const half = source.kind === "apply" ? source.inputs[0]! : undefined;
    if (half?.source.kind !== "apply" || half.source.primitive.name !== "cast") return undefined;
    const from = half.source.inputs[0]!;
    if (!isImage(from) || from.dtype !== dtype) return undefined;
    return { compute: () => graph.apply(rounded, [tensorOf(from)], { through: half.dtype }) };
  }

  /** A value that is computed as the program says, if anything asks for it. */
  function whole(value: Value): Image {
    return { compute: () => otherOf(value) };
  }

  function combined(combination: Combination): Image {
    const image: Image = { combination, compute: () => computed(combination) };
    if (combination.terms.length > mostTerms) image.tensor = image.compute();
    return image;
  }

  function sumOf(value: Value, a: Value, b: Value): Image | undefined {
    if (takesPerChannel(a, b, value)) return combined(shifted(combinationOf(a), renewed(b)));
    if (takesPerChannel(b, a, value)) return combined(shifted(combinationOf(b), renewed(a)));
    return alike(a, b) ? combined(plus(combinationOf(a), combinationOf(b))) : undefined;
  }

  function differenceOf(value: Value, a: Value, b: Value): Image | undefined {
    if (takesPerChannel(a, b, value)) {
      const image = combined(shifted(combinationOf(a), mul(renewed(b), -1)));
      // (x − μ)/σ is not x/σ − μ/σ where σ is far below μ.
      if (isCentred(value) && !isConvolved(image.combination!)) image.tensor = image.compute();
      return image;
    }
    if (takesPerChannel(b, a, value)) return combined(shifted(negated(combinationOf(b)), renewed(a)));
    return alike(a, b) ? combined(plus(combinationOf(a), negated(combinationOf(b)))) : undefined;
  }

  function productOf(value: Value, a: Value, b: Value): Image | undefined {
    if (takesPerChannel(a, b, value)) return combined(scaled(combinationOf(a), renewed(b)));
    if (takesPerChannel(b, a, value)) return combined(scaled(combinationOf(b), renewed(a)));
    if (!alike(a, b)) return undefined;
    for (const [g, mask] of [
      [a, b],
      [b, a],
    ] as const) {
      const { source } = mask;
      if (source.kind !== "apply" || !isStep(mask)) continue;
      return { compute: () => gated(g, source.inputs[0]!) };
    }
    return whole(value);
  }

  /** g where y > 0. */
  function gated(g: Value, y: Value): Value {
    const { source } = g;
    if (source.kind === "apply" && source.primitive.name === "maxPool2dGradient" && source.inputs[0] === y) {
      return graph.apply(gatedMaxPool2dGradient, source.inputs.map(renewed), source.params as Pool2dParams);
    }
    return graph.apply(gate, [tensorOf(g), tensorOf(y)], {});
  }

  function computed(combination: Combination, activation?: Activation): Value {
    const plain = activation ? undefined : plainTensor(combination);
    if (plain) return plain;
    const { shape, terms, constant, additions } = combination;
    if (additions.length > 0) {
      const rest = terms.length > 0 ? computed({ ...combination, additions: [] }) : undefined;
      const sum = additions.reduce<Value | undefined>(
        (total, { values, positions }) =>
          graph.apply(channelScatter, total ? [values, positions, total] : [values, positions], { shape }),
        rest,
      )!;
      return computed({ ...just(sum), constant: terms.length > 0 ? undefined : constant }, activation);
    }
    const inputs = terms.flatMap(({ tensor, factor }) => (factor ? [tensor, factor] : [tensor]));
    return graph.apply(channelAffine, constant ? [...inputs, constant] : inputs, {
      factors: terms.map(({ factor }) => factor !== undefined),
      constant: constant !== undefined,
      ...(activation ? { activation } : {}),
    });
  }

  function channelSumOf(x: Value): Value {
    const { source } = x;
    const inputs = source.kind === "apply" ? source.inputs : [];
    if (source.kind === "apply" && source.primitive.name === "mul" && alike(inputs[0]!, inputs[1]!)) {
      const [a, b] = inputs as [Value, Value];
      if (isStep(a) || isStep(b)) return sums.of(just(tensorOf(x))); // computed anyway: the gradient goes on
      return sums.ofProduct(combinationOf(a), combinationOf(b), () => [tensorOf(a), tensorOf(b)]);
    }
    // Values less their mean are as large above it as below: Σ|x − mean| = 2 Σ relu(x − mean), which one pass fewer takes.
    if (source.kind === "apply" && source.primitive.name === "abs" && isCentred(inputs[0]!)) {
      return mul(sums.of(just(computed(combinationOf(inputs[0]!), "relu"))), 2);
    }
    return sums.of(combinationOf(x), () => tensorOf(x));
  }
}

/** An activation of the program, as the fused graph knows it. */
interface Image {
  /** What it is made of, if that is a combination. */
  readonly combination?: Combination;
  compute(): Value;
  /** Once it is computed. */
  tensor?: Value;
}

const isStep = ({ source }: Value): boolean => source.kind === "apply" && source.primitive.name === "step";

/** Whether a value is one number for each channel of an image, or one for all. */
function isPerChannel(value: Value, image: Value): boolean {
  const padded = [1, 1, 1, 1, ...value.shape].slice(-4);
  return value.rank <= 4 && sizeOf(padded) === padded[1] && [1, image.shape[1]].includes(padded[1]);
}
