import type { Lowering } from "../lowering.js";
import { portable } from "../portable/index.js";

/** Options of {@link blocked}. */
export interface BlockedOptions {
  /** Channels that lie beside each other in memory: 8 or 16, as the machine has it. */
  readonly block: number;
}

/** Stands in for the blocked lowering until it is written. */
export const blocked = (_: BlockedOptions): Lowering => ({ ...portable, name: "blocked" });
