import * as ort from "onnxruntime-node";
import { randomStream, type Shape, sizeOf } from "../../src/core/index.js";
import { emittedModel } from "../../src/onnx/lower/emitted-model.js";
import { Emitter, type TensorName } from "../../src/onnx/lower/emitter.js";

/** A piece of a graph to be timed by itself: float32 inputs by name, and what is emitted for them. */
export interface Kernel {
  readonly name: string;
  readonly inputs: Readonly<Record<string, Shape>>;
  /**
   * Emits the nodes; returns the tensors that are computed. One element of each is what a run returns, so that no large result
   * is copied to JavaScript.
   */
  build(emit: Emitter): readonly TensorName[];
}

/** A kernel made ready to run. */
export interface LoadedKernel {
  readonly name: string;
  /** Milliseconds of one run. */
  time(): Promise<number>;
  /** All results whole, for comparisons; of kernels loaded with `whole`. */
  results(): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/** Loads a kernel with random normal inputs (the same for the same seed and shapes). */
export async function loadKernel(kernel: Kernel, threads: number, { whole = false } = {}): Promise<LoadedKernel> {
  const emit = new Emitter();
  for (const name of Object.keys(kernel.inputs)) emit.claim(name);
  emit.enter(kernel.name);
  const computed = kernel.build(emit);
  // One element of each result: it must be computed as a whole, and looking at it costs nothing.
  const outputs = whole
    ? computed
    : computed.map((name) => {
        const start = emit.op("Reshape", [name, emit.ints([-1])]);
        return emit.op("Slice", [start, emit.ints([0]), emit.ints([1])]);
      });
  const types = Object.entries(kernel.inputs).map(([name, shape]) => [name, { shape, dtype: "float32" }] as const);
  const model = emittedModel(emit, Object.fromEntries(types), outputs);
  const session = await ort.InferenceSession.create(model, {
    graphOptimizationLevel: "disabled",
    enableMemPattern: false,
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const random = randomStream(1, "kernel");
  const feeds = Object.fromEntries(
    Object.entries(kernel.inputs).map(([name, shape]) => [
      name,
      new ort.Tensor(
        "float32",
        Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
        shape,
      ),
    ]),
  );
  return {
    name: kernel.name,
    async time() {
      const start = performance.now();
      await session.run(feeds);
      return performance.now() - start;
    },
    async results() {
      const results = await session.run(feeds);
      return outputs.map((name) => results[name]!.data as Float32Array);
    },
    close: () => session.release(),
  };
}

/** Options of {@link timeKernels}. */
export interface TimingOptions {
  readonly rounds?: number;
  /** Runs of each kernel in a round. */
  readonly runs?: number;
  /** Milliseconds of processor time instead of those that pass: on one thread, what others do to the machine matters less. */
  readonly ofProcessor?: boolean;
}

/**
 * Milliseconds (the lower quartile of all runs) of several kernels, by name. They take turns, and only one is loaded at a
 * time: the threads of another session, still waiting for work, would keep a processor busy.
 */
export async function timeKernels(
  kernels: readonly Kernel[],
  threads: number,
  { rounds = 3, runs = 6, ofProcessor = false }: TimingOptions = {},
): Promise<Map<string, number>> {
  const times = new Map(kernels.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const kernel of kernels) {
      const loaded = await loadKernel(kernel, threads);
      for (let warm = 0; warm < 2; warm++) await loaded.time();
      for (let run = 0; run < runs; run++) {
        const before = process.cpuUsage();
        const passed = await loaded.time();
        const { user, system } = process.cpuUsage(before);
        times.get(kernel.name)!.push(ofProcessor ? (user + system) / 1000 : passed);
      }
      await loaded.close();
    }
  }
  const quartile = (all: number[]): number => all.sort((a, b) => a - b)[Math.floor(all.length / 4)]!;
  return new Map([...times].map(([name, all]) => [name, quartile(all)]));
}
