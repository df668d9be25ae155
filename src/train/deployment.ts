import { type Tensor, tensor } from "../core/index.js";
import { isOnnxNetwork } from "../foreign/index.js";
import { Graph, neededValues, type Program, type Runtime, type State, type Tensors } from "../graph/index.js";
import { fold } from "../norm/index.js";
import { toOnnx } from "../onnx/index.js";
import { forward, type ImageNetwork } from "./image-network.js";
import { inferenceProgram } from "./image-programs.js";
import { epsilonScaleInput } from "./network-scope.js";

/** A network with the state that it is in. */
export interface NetworkState {
  readonly network: ImageNetwork;
  readonly state: State;
  readonly runtime: Runtime;
  /** Multiplies the ε of the normalizations behind scale-invariant weights. */
  readonly epsilonScale: number;
}

/** Options of {@link exportOnnx}. */
export interface ExportOptions {
  /**
   * Whether batch-norms become part of the convolution or linear layer before them, and weight norms the weights that
   * they make; the function stays the same up to rounding. False by default.
   */
  readonly fold?: boolean;
}

/**
 * The evaluation graph as an ONNX file, any batch. A network out of an ONNX file is that file with its new weights: its
 * inputs are as they were, so that images are to be normalized before.
 */
export async function exportOnnx(held: NetworkState, options: ExportOptions = {}): Promise<Uint8Array> {
  const { network, state, runtime, epsilonScale } = held;
  if (isOnnxNetwork(network.network)) return network.network.write(await plainTensors(held), options);
  const scalesEpsilon = epsilonScale !== 1;
  const program = inferenceProgram(network, 1, { scalesEpsilon });
  const given: Tensors = {
    ...(await state.read(stateInputs(program))),
    ...(scalesEpsilon ? { [epsilonScaleInput]: tensor([epsilonScale], []) } : {}),
  };
  if (!options.fold) return toOnnx(program, { constants: given, freeBatch: true });
  const folded = fold(program, (name) => name !== "images");
  const constants = await runOnce(runtime, folded.constants, given);
  return toOnnx(folded.program, { constants, freeBatch: true });
}

/**
 * The parameters and buffers of the same network without weight norms: what they are made of is replaced by the weights
 * that they make, under the names that those have in a network built without. Nothing of an optimizer is among them, and
 * neither is the factor of ε that an exact schedule leaves ({@link NetworkState.epsilonScale}): only an ONNX file has it.
 */
export async function plainTensors(held: NetworkState): Promise<Record<string, Tensor>> {
  const { network, state, runtime, epsilonScale } = held;
  const graph = new Graph();
  const { scope } = forward(graph, network, 1, { training: false, scalesEpsilon: epsilonScale !== 1 });
  const names = [...scope.parameters, ...scope.buffers].map(({ name }) => name);
  const kept = await state.read(names);
  if (scope.derived.size === 0) return kept;
  // A weight may be made of a parameter of the same name.
  const outputs = Object.fromEntries([...scope.derived].map(([name, weight]) => [`plain/${name}`, weight]));
  const program: Program = { graph, outputs };
  const sources = new Set(stateInputs(program));
  const plain = Object.fromEntries(Object.entries(kept).filter(([name]) => !sources.has(name)));
  const made = await runOnce(runtime, program, { ...kept, [epsilonScaleInput]: tensor([epsilonScale], []) });
  return { ...plain, ...Object.fromEntries([...scope.derived.keys()].map((name) => [name, made[`plain/${name}`]!])) };
}

/** The inputs that a program's outputs depend on and that a state holds. */
function stateInputs({ outputs }: Program): string[] {
  return neededValues(Object.values(outputs)).flatMap(({ source }) =>
    source.kind === "input" && source.name !== "images" && source.name !== epsilonScaleInput ? [source.name] : [],
  );
}

async function runOnce(runtime: Runtime, program: Program, available: Tensors): Promise<Record<string, Tensor>> {
  const needed = neededValues(Object.values(program.outputs)).flatMap(({ source }) =>
    source.kind === "input" ? [source.name] : [],
  );
  const session = await runtime.load(program);
  try {
    return await session.run(Object.fromEntries(needed.map((name) => [name, available[name]!])));
  } finally {
    await session.close();
  }
}
