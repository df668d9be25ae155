import { type RandomStream, randomStream, type Shape, sizeOf, type Tensor, tensor } from "../../src/core/index.js";
import type { Program, Value } from "../../src/graph/index.js";
import * as g from "../../src/graph/index.js";

/** What a random program is like. */
export interface ImageProgramOptions {
  /** [N, C, H, W] of its images. */
  readonly shape: Shape;
  /** Significant bits that no result needs more of: with 24 even float32 computes without rounding. */
  readonly bits: number;
  /** Applications of primitives; 14 by default. */
  readonly steps?: number;
}

/** A program, and tensors for its inputs. */
export interface ImageProgram {
  readonly program: Program;
  readonly feeds: Readonly<Record<string, Tensor<"float32">>>;
}

/** A value all of whose numbers are multiples of 2^−low and below 2^top. */
interface Exact {
  readonly value: Value;
  readonly top: number;
  readonly low: number;
}

/**
 * A random program on images and numbers per channel, of what networks and their gradients are made of. All numbers are
 * small multiples of a power of two, so that nothing rounds, in whatever order it is computed: results are equal or wrong,
 * at the edges of step and sign too.
 */
export function imageProgram(seed: number, options: ImageProgramOptions): ImageProgram {
  const random = randomStream(seed, "image program", ...options.shape);
  const graph = new g.Graph();
  const feeds: Record<string, Tensor<"float32">> = {};
  const kinds = kindsOf(options.shape);
  const pools = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []])) as unknown as Record<Kind, Exact[]>;
  const ends: Exact[] = [];
  const [n, c, height, width] = options.shape as [number, number, number, number];

  const input = (name: string, shape: Shape, numbers: readonly number[], top: number): Exact => {
    feeds[name] = tensor(
      Float32Array.from({ length: sizeOf(shape) }, () => oneOf(random, numbers)),
      shape,
    );
    return { value: graph.input(name, shape), top, low: 1 };
  };
  const halves = [-1.5, -1, -0.5, 0, 0.5, 1, 1.5];
  const powers = [-2, -1, -0.5, 0.5, 1, 2];
  const images = ["x", "y"].map((name) => input(name, options.shape, halves, 1));
  const channels = [
    ...[[1, c, 1, 1], [c, 1, 1], [1], []].map((shape, at) => input(`channel${at}`, shape, halves, 1)),
    { value: graph.constant(-3), top: 2, low: 0 },
  ];
  const divisors = [[1, c, 1, 1], [c, 1, 1], []].map((shape, at) => input(`divisor${at}`, shape, powers, 1));
  const weights = input("weights", [c, c, 3, 3], [-1, 0, 1], 0);
  const powersEverywhere = input("powers", options.shape, powers, 1);
  const depthwise = input("depthwise", [c, 1, 3, 3], [-1, 0, 1], 0);
  const window = { padding: 1 };
  const coarse = { padding: 1, stride: 2 };
  const pooling = { ...g.window2d(window), kernel: [3, 3] as const };
  pools.image.push(...images);
  pools.channel.push(...channels);
  pools.map.push(input("map", [n, c, 1, 1], halves, 1));
  pools.plane.push(input("plane", [n, 1, height, width], halves, 1));
  pools.coarse.push(input("coarse", kinds.coarse, halves, 1));
  pools.sample.push(input("sample", [n, 1, 1, 1], halves, 1));

  /** The value, unless it could need too many bits. */
  function kept(value: () => Value, top: number, low: number): Exact | undefined {
    return top + low > options.bits ? undefined : { value: value(), top, low };
  }
  const sum = (a: Exact, b: Exact, op: typeof g.add): Exact | undefined =>
    kept(() => op(a.value, b.value), Math.max(a.top, b.top) + 1, Math.max(a.low, b.low));
  const product = (a: Exact, b: Exact): Exact | undefined =>
    kept(() => g.mul(a.value, b.value), a.top + b.top, a.low + b.low);
  const reduced = (x: Exact, axes: readonly number[]): Exact | undefined => {
    const count = axes.reduce((total, axis) => total * options.shape[axis]!, 1);
    return kept(() => g.reduceSum(x.value, axes), x.top + Math.ceil(Math.log2(count)), x.low);
  };
  const linear = [g.add, g.sub, (a: Value, b: Value) => g.sub(b, a)] as (typeof g.add)[];
  const either = (a: Exact, b: Exact): Exact | undefined => (random.integer(2) ? product(a, b) : product(b, a));
  const image = (): Exact => oneOf(random, pools.image);
  const convolved = (by: (x: Value) => Value, terms: number): Exact | undefined => {
    const x = image();
    return kept(() => by(x.value), x.top + Math.ceil(Math.log2(terms)), x.low + 1);
  };
  const pooled = (x: Exact): Exact | undefined =>
    kept(() => g.maxPool2d(x.value, { kernel: 3, stride: 1, padding: 1 }), x.top, x.low);
  const backFromCoarse = (): Exact | undefined => {
    const dy = oneOf(random, pools.coarse);
    const top = dy.top + Math.ceil(Math.log2(9 * c));
    return kept(() => g.conv2dInputGradient(dy.value, weights.value, options.shape, coarse), top, dy.low + 1);
  };

  const applications: readonly (() => Exact | undefined)[] = [
    () => sum(image(), image(), oneOf(random, linear)),
    () => product(image(), image()),
    () => sum(image(), oneOf(random, pools.channel), oneOf(random, linear)),
    () => sum(image(), oneOf(random, pools.channel), oneOf(random, linear)),
    () => either(image(), oneOf(random, pools.channel)),
    () => either(image(), oneOf(random, [...pools.map, ...pools.sample, ...pools.plane])),
    () => sum(oneOf(random, pools.plane), oneOf(random, pools.channel), oneOf(random, linear)),
    () => either(oneOf(random, pools.plane), oneOf(random, pools.channel)),
    () => sum(oneOf(random, pools.channel), oneOf(random, pools.channel), g.add),
    () => {
      const [x, by] = [image(), oneOf(random, divisors)];
      return kept(() => g.div(x.value, by.value), x.top + 1, x.low + 1);
    },
    () => {
      const x = image();
      return kept(() => g.div(x.value, powersEverywhere.value), x.top + 1, x.low + 1);
    },
    () => {
      const x = image();
      return kept(() => oneOf(random, [g.neg, g.abs, g.relu, g.relu])(x.value), x.top, x.low);
    },
    () => kept(() => oneOf(random, [g.step, g.sign])(image().value), 0, 0),
    () => {
      const [x, y] = [image(), image()];
      return kept(() => g.mul(x.value, g.step(g.relu(y.value))), x.top, x.low);
    },
    () => {
      const channel = oneOf(random, pools.channel);
      return kept(() => g.broadcastTo(channel.value, options.shape), channel.top, channel.low);
    },
    () => convolved((x) => g.conv2d(x, weights.value, window), 9 * c),
    () => convolved((x) => g.conv2dInputGradient(x, weights.value, options.shape, window), 9 * c),
    () => convolved((x) => g.conv2d(x, depthwise.value, { ...window, groups: c }), 9),
    () => {
      const [x, dy] = [image(), image()];
      const top = x.top + dy.top + Math.ceil(Math.log2(n * height * width));
      return kept(() => g.conv2dWeightGradient(x.value, dy.value, [c, c, 3, 3], window), top, x.low + dy.low);
    },
    () => pooled(image()),
    () => {
      const [x, dy] = [image(), image()];
      const y = pooled(x);
      const back = (): Value => g.apply(g.maxPool2dGradientPrimitive, [x.value, y!.value, dy.value], pooling);
      const gradient = y && kept(back, dy.top + 4, dy.low); // of nine windows
      const gated = random.integer(3) > 0;
      return gradient && gated ? { ...gradient, value: g.mul(gradient.value, g.step(x.value)) } : gradient;
    },
    () => convolved((x) => g.conv2d(x, weights.value, coarse), 9 * c),
    () => backFromCoarse(),
    () => {
      const [a, b] = [backFromCoarse(), backFromCoarse()];
      return a && b && sum(a, b, g.add);
    },
    () => reduced(image(), oneOf(random, [[0, 2, 3], [0, 2, 3], [2, 3], [1, 2, 3], [1]])),
    () => {
      const x = random.integer(2) ? product(image(), image()) : image();
      return x && reduced(x, [0, 2, 3]);
    },
    () => {
      const x = image();
      const total = reduced(x, [0, 2, 3]);
      const bits = Math.log2(n * height * width);
      if (!total || !Number.isInteger(bits)) return undefined;
      // Less the mean, or something near it.
      const share = bits + random.integer(2);
      const centred = kept(() => g.sub(x.value, g.mul(total.value, 2 ** -share)), x.top + 1, x.low + share);
      return centred && random.integer(2) ? reduced({ ...centred, value: g.abs(centred.value) }, [0, 2, 3]) : centred;
    },
    () => {
      const x = image();
      return reduced({ ...x, value: g.abs(x.value) }, [0, 2, 3]);
    },
  ];

  for (let step = 0; step < (options.steps ?? 14); step++) {
    const made = oneOf(random, applications)();
    const kind =
      made && (Object.keys(kinds) as Kind[]).find((name) => String(kinds[name]) === String(made.value.shape));
    if (kind) pools[kind].push(made);
    else if (made) ends.push(made);
  }
  const made = [...Object.values(pools).flat(), ...ends]
    .map(({ value }) => value)
    .filter(({ source }) => source.kind === "apply");
  // What is last depends on most; some of the rest are results and operands.
  const wanted = made.filter((value) => value === made.at(-1) || random.integer(3) > 0);
  // Makes images of what no convolution takes.
  const total = g.reduceSum(images[0]!.value, [0, 2, 3]);
  const outputs = Object.fromEntries([...new Set([...wanted, total])].map((value) => [`v${value.id}`, value]));
  const used = new Set(g.neededValues(Object.values(outputs)));
  const named = [...graph.inputs].filter(([, value]) => used.has(value)).map(([name]) => [name, feeds[name]!]);
  return { program: { graph, outputs }, feeds: Object.fromEntries(named) };
}

/** What a value is: by its shape alone, so that kinds whose shapes fall together are mixed up. */
const kindsOf = ([n, c, height, width]: Shape) =>
  ({
    image: [n!, c!, height!, width!],
    channel: [1, c!, 1, 1],
    map: [n!, c!, 1, 1],
    plane: [n!, 1, height!, width!],
    sample: [n!, 1, 1, 1],
    coarse: [n!, c!, Math.ceil(height! / 2), Math.ceil(width! / 2)],
  }) as const;
type Kind = keyof ReturnType<typeof kindsOf>;

const oneOf = <T>(random: RandomStream, options: readonly T[]): T => options[random.integer(options.length)]!;
