import type { OnnxFile, OnnxNode } from "./onnx-file.js";

/** Operators of which an input is a module's weight or bias. */
const slots: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  MatMul: { 0: "weight", 1: "weight" },
  Gemm: { 1: "weight", 2: "bias" },
  Conv: { 1: "weight", 2: "bias" },
  ConvTranspose: { 1: "weight", 2: "bias" },
  Gather: { 0: "weight" },
};

/** Names that an exporter made up: `onnx::MatMul_123`, `/layer/Constant_output_0`, `123`. */
const isMadeUp = (name: string): boolean => /::|^\/|^\d+$|_output_\d+$/.test(name);

/**
 * Names for tensors whose own an exporter has lost, by the file's: that of the bias added to the product (`in_proj_bias`
 * tells of an `in_proj_weight`), or the module's path out of the node's name, where only one tensor can be meant.
 */
export function recoveredNames({ nodes, initializers }: OnnxFile): ReadonlyMap<string, string> {
  const lost = new Map<string, string>();
  const users = usersOf(nodes);
  for (const node of nodes) {
    for (const [place, kind] of Object.entries(slots[node.operator] ?? {})) {
      const name = node.inputs[Number(place)] ?? "";
      if (!initializers.has(name) || !isMadeUp(name) || lost.has(name)) continue;
      const module = modulePath(node.name);
      const guess = nameByBias(node, users, initializers) ?? (module && `${module}.${kind}`);
      if (guess && !initializers.has(guess)) lost.set(name, guess);
    }
  }
  const claims = new Map<string, number>();
  for (const guess of lost.values()) claims.set(guess, (claims.get(guess) ?? 0) + 1);
  return new Map([...lost].filter(([, guess]) => claims.get(guess) === 1));
}

function usersOf(nodes: readonly OnnxNode[]): Map<string, OnnxNode[]> {
  const users = new Map<string, OnnxNode[]>();
  for (const node of nodes) {
    for (const input of node.inputs) {
      const known = users.get(input);
      if (known) known.push(node);
      else users.set(input, [node]);
    }
  }
  return users;
}

/** A product whose only user adds a bias of a known name is by the weight beside that bias. */
function nameByBias(
  node: OnnxNode,
  users: ReadonlyMap<string, readonly OnnxNode[]>,
  initializers: OnnxFile["initializers"],
): string | undefined {
  const [user, ...others] = users.get(node.outputs[0] ?? "") ?? [];
  if (node.operator !== "MatMul" || user?.operator !== "Add" || others.length > 0) return undefined;
  const bias = user.inputs.find((name) => initializers.has(name) && !isMadeUp(name) && /bias$/.test(name));
  return bias?.replace(/bias$/, "weight");
}

/**
 * `/layer1/layer1.0/conv1/Conv` is of the module `layer1.0.conv1`: PyTorch writes a module in a list with its list's name
 * before it. Undefined where a name has no such form.
 */
export function modulePath(node: string): string | undefined {
  if (!node.startsWith("/")) return undefined;
  const path: string[] = [];
  for (const part of node.split("/").slice(1, -1)) {
    const last = path.at(-1);
    if (last !== undefined && part.startsWith(`${last}.`)) path.pop();
    path.push(part);
  }
  return path.length > 0 ? path.join(".") : undefined;
}
