import { type Kernel, timeKernels } from "../tune/kernel.js";

/** What the machine can do at best, as far as ONNX Runtime's own kernels show it. */
export interface Limits {
  /** 10⁹ floating-point operations per second of a matrix product, 1024 × 1024 by 1024 × 1024. */
  readonly gigaflops: number;
  /** 10⁹ bytes read and written per second of a ReLU on 64 MB, larger than the caches. */
  readonly gigabytes: number;
}

const side = 1024;
const elements = 2 ** 24;

const product: Kernel = {
  name: "product",
  inputs: { a: [side, side], b: [side, side] },
  build: (emit) => [emit.op("MatMul", ["a", "b"])],
};

const map: Kernel = { name: "map", inputs: { x: [elements] }, build: (emit) => [emit.op("Relu", ["x"])] };

/** Measures {@link Limits}. */
export async function machineLimits(threads: number): Promise<Limits> {
  const times = await timeKernels([product, map], threads);
  return {
    gigaflops: (2 * side ** 3) / times.get("product")! / 1e6,
    gigabytes: (8 * elements) / times.get("map")! / 1e6,
  };
}
