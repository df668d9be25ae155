import { sizeOf, type Tensor, tensor } from "../../src/core/index.js";
import type { BlockedContext } from "../../src/onnx/lower/blocked/context.js";
import { Emitter, type TensorName } from "../../src/onnx/lower/emitter.js";
import { expectClose, type Tolerance } from "./compare.js";
import { runEmitted } from "./emitted.js";
import { EmulatedBlocks } from "./emulated-blocks.js";

/** [N, C, H, W] as memory [N, C′/b, H, W, b], under the shape [N, C′, H, W], surplus channels zero. */
export function toBlocked(x: Tensor<"float32">, block: number): Tensor<"float32"> {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const rounded = Math.ceil(c / block) * block;
  const data = new Float32Array(n * rounded * h * w);
  eachElement([n, c, h, w], block, (from, to) => {
    data[to] = x.data[from]!;
  });
  return tensor(data, [n, rounded, h, w]);
}

/** The reverse of {@link toBlocked}. Throws if a surplus channel holds anything but zeros. */
export function fromBlocked(x: Tensor<"float32">, channels: number, block: number): Tensor<"float32"> {
  const [n, , h, w] = x.shape as [number, number, number, number];
  const data = new Float32Array(n * channels * h * w);
  const rest = Float32Array.from(x.data);
  eachElement([n, channels, h, w], block, (to, from) => {
    data[to] = rest[from]!;
    rest[from] = 0;
  });
  const surplus = rest.findIndex((value) => value !== 0);
  if (surplus >= 0) throw new Error(`expected zeros in surplus channels, got ${rest[surplus]} at ${surplus}`);
  return tensor(data, [n, channels, h, w]);
}

/** [N, C, H, W] → [C, H, W, N]. */
export function toBatchLast(x: Tensor<"float32">): Tensor<"float32"> {
  return exchanged(x, x.shape[0]!, sizeOf(x.shape.slice(1)), [...x.shape.slice(1), x.shape[0]!]);
}

/** [C, H, W, N] → [N, C, H, W]. */
export function fromBatchLast(x: Tensor<"float32">): Tensor<"float32"> {
  return exchanged(x, sizeOf(x.shape.slice(0, 3)), x.shape[3]!, [x.shape[3]!, ...x.shape.slice(0, 3)]);
}

function exchanged(x: Tensor<"float32">, rows: number, columns: number, shape: number[]): Tensor<"float32"> {
  return tensor(
    Float32Array.from(x.data, (_, i) => x.data[(i % rows) * columns + Math.floor(i / rows)]!),
    shape,
  );
}

/** Visits (row-major element, element of the blocked memory). */
function eachElement(
  [n, c, h, w]: readonly [number, number, number, number],
  block: number,
  visit: (plain: number, blocked: number) => void,
): void {
  const blocks = Math.ceil(c / block);
  let plain = 0;
  for (let image = 0; image < n; image++) {
    for (let channel = 0; channel < c; channel++) {
      const plane = (image * blocks + Math.floor(channel / block)) * h * w;
      for (let pixel = 0; pixel < h * w; pixel++) visit(plain++, (plane + pixel) * block + (channel % block));
    }
  }
}

/** This machine's block: to how many channels four are rounded up. */
export async function machineBlock(): Promise<number> {
  const four = tensor(new Float32Array(4), [1, 4, 1, 1]);
  const { y } = await runEmitted({ x: four }, (emit) => ({
    y: emit.node("ReorderInput", ["x"], { domain: "com.microsoft.nchwc" }).output(0),
  }));
  return y!.shape[1]!;
}

/** What {@link expectBlocked} runs. */
export interface BlockedCase {
  readonly inputs: Readonly<Record<string, Tensor<"float32">>>;
  /** Inputs that are fed as they are; all others are blocked. */
  readonly plain?: (block: number) => readonly string[];
  readonly build: (context: BlockedContext) => TensorName;
}

/**
 * Throws unless a blocked result is close to the truth, row-major, with zeros in its surplus channels: for the machine's
 * block as it is, for the other one in an emulation.
 */
export async function expectBlocked(
  { inputs, plain = () => [], build }: BlockedCase,
  truth: Tensor,
  tolerance: Tolerance,
): Promise<void> {
  const own = await machineBlock();
  for (const block of [8, 16]) {
    const kept = plain(block);
    const fed = Object.fromEntries(
      Object.entries(inputs).map(([name, value]) => [name, kept.includes(name) ? value : toBlocked(value, block)]),
    );
    const emitter = block === own ? new Emitter() : new EmulatedBlocks(block);
    const { result } = await runEmitted(fed, (emit) => ({ result: build({ emit, block }) }), emitter);
    expectClose(fromBlocked(result!, truth.shape[1]!, block), truth, tolerance, `blocks of ${block}`);
  }
}
