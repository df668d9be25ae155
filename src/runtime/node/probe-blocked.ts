import { ExecutionError, type Shape, sizeOf, type Tensor, tensor } from "../../core/index.js";
import { blockedDomain, Emitter, emittedModel, type TensorName } from "../../onnx/index.js";
import type { WorkerLink } from "./worker-link.js";

/** The versions of onnxruntime-node whose blocked operators were tested. */
const testedVersions = "1.30.x";
/** 16 channels fill a register of AVX-512, 8 one of AVX2. */
const knownBlocks: readonly unknown[] = [8, 16];

/** What a probe finds: how many channels lie beside each other, or why the blocked lowering cannot be used. */
export type Probe = { readonly block: number } | { readonly obstacle: string };

/**
 * Finds out whether the runtime behind `link` can run the blocked lowering, by running models of a few numbers: that its
 * version is a tested one, that it has the operators, of which block, and that their convolution agrees with the plain one.
 *
 * @param version Of onnxruntime-node.
 */
export async function probeBlocked(link: Pick<WorkerLink, "ask">, version: string): Promise<Probe> {
  if (!version.startsWith(testedVersions.replace("x", ""))) {
    return { obstacle: `it was tested with onnxruntime-node ${testedVersions}, and this is ${version}` };
  }
  try {
    const reordered = await runOnce(link, { x: counting([1, 4, 1, 1]) }, (emit) => [blockedInput(emit, "x")]);
    const block = reordered[0]!.shape[1]!;
    if (!knownBlocks.includes(block)) {
      return { obstacle: `it knows blocks of ${knownBlocks.join(" and ")} channels, and this machine has ${block}` };
    }
    const [plain, inBlocks] = await runOnce(link, convolved(block), (emit) => convolutions(emit, block));
    const agree = plain!.data.every((value, index) => value === inBlocks!.data[index]);
    return agree ? { block } : { obstacle: "a convolution in blocks differs from the plain one on this machine" };
  } catch (error) {
    if (!(error instanceof ExecutionError)) throw error;
    return { obstacle: `ONNX Runtime cannot run its operators here (${error.message})` };
  }
}

/** Two blocks of channels, and a map whose edge is padded. */
const convolved = (block: number): Record<string, Tensor> => ({
  x: counting([1, 2 * block, 3, 3]),
  w: counting([2 * block, 2 * block, 3, 3]),
});

/** The same convolution as a plain operator and in blocks. */
function convolutions(emit: Emitter, block: number): TensorName[] {
  const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [1, 1] };
  const channels = 2 * block;
  // [K, C, h, w] to [K/b, C/b, h, w, b (of C), b (of K)]
  const split = emit.op("Reshape", ["w", emit.ints([2, block, 2, block, 3, 3])]);
  const filters = emit.op("Reshape", [
    emit.op("Transpose", [split], { perm: [0, 2, 4, 5, 3, 1] }),
    emit.ints([channels, channels, 3, 3]),
  ]);
  const inBlocks = emit
    .node("Conv", [blockedInput(emit, "x"), filters], { attributes, domain: blockedDomain })
    .output(0);
  const back = emit.node("ReorderOutput", [inBlocks], { attributes: { channels }, domain: blockedDomain }).output(0);
  return [emit.op("Conv", ["x", "w"], attributes), back];
}

const blockedInput = (emit: Emitter, x: TensorName): TensorName =>
  emit.node("ReorderInput", [x], { domain: blockedDomain }).output(0);

/** Small whole numbers, whose sums of products float32 holds exactly, in whatever order. */
function counting(shape: Shape): Tensor {
  return tensor(
    Float32Array.from({ length: sizeOf(shape) }, (_, index) => ((index * 7) % 11) - 5),
    shape,
  );
}

/** Runs what is emitted once; the session is closed. */
async function runOnce(
  link: Pick<WorkerLink, "ask">,
  feeds: Readonly<Record<string, Tensor>>,
  build: (emit: Emitter) => TensorName[],
): Promise<Tensor[]> {
  const emit = new Emitter();
  for (const name of Object.keys(feeds)) emit.claim(name);
  const outputs = build(emit);
  const { session } = await link.ask("load", { model: emittedModel(emit, feeds, outputs) });
  const reply = await link.ask("run", { session, feeds, outputs });
  await link.ask("closeSession", { session });
  return outputs.map((name) => reply.outputs[name]!);
}
