import { readFileSync } from "node:fs";
import { sizeOf, type Tensor, tensor } from "../../src/core/index.js";

/** What a golden file keeps of a tensor: 2-norm, sum, products with three hashed vectors, the first elements. */
export interface Summary {
  readonly norm: number;
  readonly sum: number;
  readonly probes: readonly number[];
  readonly first: readonly number[];
}

/** The tensors of a network after (gradients: of) a step. */
export type Kind = "gradients" | "parameters" | "statistics";

/** Relative 2-norm distances: all tensors of a kind as one vector, and each tensor. */
export interface Distance {
  readonly whole: number;
  readonly each: Readonly<Record<string, number>>;
}

/** A golden training, made by `test/goldens/training/make.py`. */
export interface GoldenTraining {
  readonly model: "vgg11" | "resnet20";
  readonly width: number;
  readonly batch: number;
  readonly seed: number;
  readonly lr: number;
  readonly momentum: number;
  readonly weight_decay: number;
  /** Pinned numbers of the generator. */
  readonly generator: {
    readonly hashes: readonly number[];
    readonly uniform: readonly number[];
    readonly initial: readonly number[];
    readonly pixels: readonly number[];
    readonly pixelSum: number;
    readonly labels: readonly number[];
  };
  /** Of each step, in float64. */
  readonly losses: readonly number[];
  /** In float64, by step. */
  readonly steps: Readonly<Record<"1" | "10", Readonly<Record<Kind, Readonly<Record<string, Summary>>>>>>;
  /** PyTorch's float32, by setting: losses, and distances from its float64, by step. */
  readonly float32: Readonly<
    Record<
      string,
      {
        readonly losses: readonly number[];
        readonly distance: Readonly<Record<"1" | "10", Readonly<Record<Kind, Distance>>>>;
      }
    >
  >;
  /** Three steps with Nesterov momentum from the same start. */
  readonly nesterov?: {
    readonly losses: readonly number[];
    readonly parameters: Readonly<Record<string, Summary>>;
  };
}

/** Reads a golden training of `test/goldens/training/`. */
export function readGoldenTraining(name: string): GoldenTraining {
  return JSON.parse(readFileSync(new URL(`../goldens/training/${name}.json`, import.meta.url), "utf8"));
}

// Plain loops, not `from` with a function: a golden network has up to 25 million numbers, each hashed several times.

/** One hash per element: murmur3's finalizer of (FNV-1a of the name) + index · 0x9e3779b1. */
export function hashes(name: string, count: number): Uint32Array {
  let seed = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) seed = Math.imul(seed ^ name.charCodeAt(i), 0x01000193);
  const out = new Uint32Array(count);
  for (let index = 0; index < count; index++) {
    let hash = Math.imul(index, 0x9e3779b1) + seed;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    out[index] = hash ^ (hash >>> 16);
  }
  return out;
}

/** Multiples of 2⁻²³ in [−1, 1): exact in float32. */
export function uniformHashes(name: string, count: number): Float64Array {
  const out = new Float64Array(count);
  const all = hashes(name, count);
  for (let index = 0; index < count; index++) out[index] = (all[index]! >>> 8) * 2 ** -23 - 1;
  return out;
}

/** The initial value that a golden training gives a parameter or running statistic. */
export function goldenInitial(seed: number, name: string, shape: readonly number[]): Tensor<"float32"> {
  const noise = uniformHashes(`${seed}/${name}`, sizeOf(shape));
  const [centre, spread] = initialRange(name, shape);
  const out = new Float32Array(noise.length);
  for (let index = 0; index < out.length; index++) out[index] = centre + noise[index]! * spread;
  return tensor(out, shape);
}

/** Centre and half the length of the interval of a tensor's initial values. */
function initialRange(name: string, shape: readonly number[]): readonly [number, number] {
  if (name.endsWith("running_mean")) return [0, 0];
  if (name.endsWith("running_var")) return [1, 0];
  if (shape.length > 1) return [0, Math.fround(Math.sqrt(6 / (sizeOf(shape) / shape[0]!)))];
  return name.endsWith("bias") ? [0, 0.125] : [1, 0.25];
}

/** The images (bytes) and labels of a golden step, counted from 1: a blocky pattern of the class and noise, half each. */
export function goldenBatch(seed: number, step: number, batch: number, size = 32): { images: Tensor; labels: Tensor } {
  const labels = Int32Array.from(hashes(`${seed}/labels/${step}`, batch), (hash) => hash % 10);
  const noise = hashes(`${seed}/images/${step}`, batch * 3 * size * size);
  const patterns = Array.from({ length: 10 }, (_, label) => hashes(`${seed}/class/${label}`, 48));
  const pixels = Uint8Array.from(noise, (hash, index) => {
    const column = Math.floor((4 * (index % size)) / size);
    const row = Math.floor((4 * (Math.floor(index / size) % size)) / size);
    const channel = Math.floor(index / (size * size)) % 3;
    const pattern = patterns[labels[Math.floor(index / (3 * size * size))]!]!;
    return ((pattern[channel * 16 + row * 4 + column]! & 255) + (hash & 255)) >> 1;
  });
  return { images: tensor(pixels, [batch, 3, size, size], "uint8"), labels: tensor(labels, [batch], "int32") };
}

/** The 2-norm. */
export function norm(values: ArrayLike<number>): number {
  return Math.sqrt(dot(values, values));
}

/** Σ aᵢ bᵢ. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** The summary of a tensor, as in a golden file. */
export function summarize(name: string, values: ArrayLike<number>): Summary {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]!;
  return {
    norm: norm(values),
    sum,
    probes: [0, 1, 2].map((k) => dot(values, uniformHashes(`probe/${k}/${name}`, values.length))),
    first: Array.from({ length: Math.min(8, values.length) }, (_, index) => values[index]!),
  };
}

/**
 * How far a tensor is from the one a summary was made of, at least, in units of `scale` (a norm): each number of the
 * summary that is linear in the tensor changes by at most the change's 2-norm times that of the vector it is a product
 * with (√n for the sum, the probe's own norm, 1 for an element), and is divided by it.
 */
export function summaryDistance(name: string, values: ArrayLike<number>, golden: Summary, scale: number): number {
  const own = summarize(name, values);
  const probeNorms = [0, 1, 2].map((k) => norm(uniformHashes(`probe/${k}/${name}`, values.length)));
  const changes = [
    Math.abs(own.norm - golden.norm),
    Math.abs(own.sum - golden.sum) / Math.sqrt(values.length),
    ...own.probes.map((probe, k) => Math.abs(probe - golden.probes[k]!) / probeNorms[k]!),
    ...own.first.map((value, i) => Math.abs(value - golden.first[i]!)),
  ];
  if (own.first.length !== golden.first.length || changes.some(Number.isNaN)) return Number.POSITIVE_INFINITY;
  return Math.max(...changes) / scale;
}
