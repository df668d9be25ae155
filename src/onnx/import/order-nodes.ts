import { DataError, expectation } from "../../core/index.js";
import type { OnnxNode } from "./onnx-file.js";

/**
 * Nodes in an order in which each comes after those whose outputs it uses: their own, where that is one.
 *
 * @param given Names that are defined before any node.
 * @throws DataError for a name that is defined twice, one that is used and never defined, or a cycle.
 */
export function orderNodes(where: string, nodes: readonly OnnxNode[], given: ReadonlySet<string>): readonly OnnxNode[] {
  const makers = new Map<string, OnnxNode>();
  for (const node of nodes) {
    for (const output of node.outputs) {
      if (output === "") continue;
      if (given.has(output) || makers.has(output)) {
        throw new DataError(expectation(`${where}: node ${node.name}`, "outputs that nothing else defines", output));
      }
      makers.set(output, node);
    }
  }
  const makersOf = (node: OnnxNode): OnnxNode[] =>
    node.inputs.flatMap((input) => {
      if (input === "" || given.has(input)) return [];
      const maker = makers.get(input);
      if (maker) return [maker];
      throw new DataError(expectation(`${where}: node ${node.name}`, "inputs that are defined", input));
    });
  return sorted(where, nodes, makersOf);
}

/** Depth first, without recursion: a node is placed when all that it waits for is. */
function sorted(where: string, nodes: readonly OnnxNode[], makersOf: (node: OnnxNode) => OnnxNode[]): OnnxNode[] {
  const order: OnnxNode[] = [];
  const state = new Map<OnnxNode, "open" | "placed">();
  for (const root of nodes) {
    const waiting = [root];
    while (waiting.length > 0) {
      const node = waiting.at(-1)!;
      const missing =
        state.get(node) === "placed" ? [] : makersOf(node).filter((maker) => state.get(maker) !== "placed");
      if (missing.length === 0) {
        waiting.pop();
        if (state.get(node) !== "placed") order.push(node);
        state.set(node, "placed");
        continue;
      }
      const loop = missing.find((maker) => state.get(maker) === "open") ?? (missing.includes(node) ? node : undefined);
      if (loop) throw new DataError(expectation(`${where}: node ${loop.name}`, "no cycle", "one through itself"));
      state.set(node, "open");
      waiting.push(...missing);
    }
  }
  return order;
}
