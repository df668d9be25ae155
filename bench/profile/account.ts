import type { Profile, ProfiledNode } from "./read-profile.js";

/** What nodes of one kind cost in a run together. */
export interface Cost {
  readonly kind: string;
  /** Nodes. */
  readonly count: number;
  readonly milliseconds: number;
  /** Of the whole run's time. */
  readonly share: number;
  /** 10⁹ floating-point operations per second, of convolutions and matrix products. */
  readonly gigaflops?: number;
  /** 10⁹ bytes read and written per second, of everything else. */
  readonly gigabytes?: number;
}

/** Kinds by which nodes may be put together. */
export const kinds = {
  /** The ONNX operator: `Conv`. */
  operator: ({ operator }: ProfiledNode): string => operator,
  /** The primitive that was lowered to it: `conv2dWeightGradient`. */
  primitive: ({ name }: ProfiledNode): string => name.split(/[#/]/)[0]!,
  /** The value that was computed, with the shape of the node's output: `conv2d#12 [128,64,32,32]`. */
  value: ({ name, outputs }: ProfiledNode): string => `${name.split("/")[0]} [${outputs[0] ?? ""}]`,
} as const;

/** Puts nodes together by a kind; the dearest come first. */
export function account({ nodes, milliseconds: whole }: Profile, kindOf: (node: ProfiledNode) => string): Cost[] {
  const groups = new Map<string, ProfiledNode[]>();
  for (const node of nodes) groups.set(kindOf(node), [...(groups.get(kindOf(node)) ?? []), node]);
  const costs = [...groups].map(([kind, members]): Cost => {
    const sum = (of: (node: ProfiledNode) => number): number => members.reduce((total, node) => total + of(node), 0);
    const milliseconds = sum((node) => node.milliseconds);
    const operations = sum((node) => node.operations);
    const each = (amount: number): number => (milliseconds > 0 ? amount / milliseconds / 1e6 : 0);
    return {
      kind,
      count: members.length,
      milliseconds,
      share: milliseconds / whole,
      ...(operations > 0 ? { gigaflops: each(operations) } : { gigabytes: each(sum(({ bytes }) => bytes)) }),
    };
  });
  return costs.sort((a, b) => b.milliseconds - a.milliseconds);
}

/** A table of costs: those of at least 0.5% of the time, at most `rows`, and the rest as one line. */
export function costLines(title: string, costs: readonly Cost[], rows = 20): string[] {
  const shown = costs.filter(({ share }) => share >= 0.005).slice(0, rows);
  const rest = costs.slice(shown.length);
  const line = ({ kind, count, milliseconds, share, gigaflops, gigabytes }: Cost): string => {
    const speed =
      gigaflops === undefined ? gigabytes && `${gigabytes.toFixed(1)} GB/s` : `${gigaflops.toFixed(0)} GFLOP/s`;
    return [
      `  ${kind.padEnd(44)}`,
      String(Math.round(count)).padStart(6),
      milliseconds.toFixed(2).padStart(10),
      `${(100 * share).toFixed(1)} %`.padStart(9),
      (speed || "").padStart(14),
    ]
      .join("")
      .trimEnd();
  };
  const total = (of: (cost: Cost) => number): number => rest.reduce((sum, cost) => sum + of(cost), 0);
  const others = {
    kind: `${rest.length} others`,
    count: total(({ count }) => count),
    milliseconds: total(({ milliseconds }) => milliseconds),
    share: total(({ share }) => share),
  };
  return [
    `${title.padEnd(46)}${"nodes".padStart(6)}${"ms".padStart(10)}${"share".padStart(9)}`,
    ...shown.map(line),
    ...(rest.length > 0 ? [line(others)] : []),
  ];
}
