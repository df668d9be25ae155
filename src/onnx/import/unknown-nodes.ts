import { DataError } from "../../core/index.js";
import type { UnknownOperator } from "./imported-graph.js";
import type { OnnxNode } from "./onnx-file.js";

/** How many nodes of an operator an error names. */
const namedNodes = 3;

interface Entry {
  readonly operator: string;
  readonly nodes: string[];
  readonly reason: string | undefined;
  /** Whether only what lies before it is unknown. */
  readonly follows: boolean;
}

/** Collects the nodes that could not be followed, by operator and reason. */
export class UnknownNodes {
  readonly #entries = new Map<string, Entry>();

  /** @param follows Whether the node depends on one that is in here already. */
  add({ operator, domain, name }: OnnxNode, reason: string | undefined, follows: boolean): void {
    const known = reason !== undefined && reason !== "";
    const full = domain === "" ? operator : `${domain}::${operator}`;
    const why = known ? reason : reason === undefined ? "what it is given comes from an unknown operator" : undefined;
    const key = `${full}\n${why}`;
    const entry = this.#entries.get(key) ?? {
      operator: full,
      nodes: [],
      reason: why,
      follows: follows && reason !== "",
    };
    entry.nodes.push(name);
    this.#entries.set(key, entry);
  }

  list(): UnknownOperator[] {
    return [...this.#entries.values()].map(({ operator, nodes, reason }) => ({
      operator,
      nodes,
      ...(reason ? { reason } : {}),
    }));
  }

  /** Throws a DataError that names all of them, but for those that only follow from others. */
  requireNone(): void {
    const found = [...this.#entries.values()].filter(({ follows }) => !follows);
    if (found.length === 0) return;
    const listed = found.map(({ operator, nodes, reason }) => {
      const more = nodes.length > namedNodes ? ", …" : "";
      return `${operator} ×${nodes.length} (${nodes.slice(0, namedNodes).join(", ")}${more}${reason ? `: ${reason}` : ""})`;
    });
    throw new DataError(
      `importOnnx: expected operators that are known, got ${listed.join(", ")}; import with unknown: "opaque" to analyse what surrounds them`,
    );
  }
}
