import type { ReportAssets } from "./assets.js";
import { escapeHtml } from "./escape.js";
import { logDots, positiveExtent } from "./html/log-dots.js";
import { table } from "./html/table.js";
import {
  equilibriumText,
  type InspectedRow,
  type InspectionReport,
  type NumberRange,
  rateMeaning,
} from "./inspection-report.js";
import { significant } from "./number-text.js";

const idea =
  "A weight that is followed by a normalization has no use for its length: twice the weight gives the same output, and half " +
  "the gradient. Such a weight is scale-invariant. A step turns its direction as η/‖w‖² would turn one of length one, and weight " +
  "decay acts on it only by keeping ‖w‖ small. Here is which weights are, in which groups, and why.";

/**
 * An inspection as one HTML document that needs nothing else and runs no script: advice, a drawing of all norms and
 * rates, the reasons, and what could not be followed. Every name in it is escaped.
 */
export function renderInspection(report: InspectionReport, { styles }: Pick<ReportAssets, "styles">): string {
  const hashes = styles.map(({ hash }) => `'${hash}'`).join(" ");
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8">`,
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${hashes}; img-src data:; base-uri 'none'; form-action 'none'">`,
    `<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="generator" content="Normwise">`,
    `<title>${escapeHtml(report.title)}</title><link rel="icon" href="data:,">`,
    ...styles.map(({ text }) => `<style>${text}</style>`),
    `</head><body>`,
    header(report),
    "<main>",
    weightsHtml(report),
    reasonsHtml(report),
    unknownHtml(report),
    "</main>",
    `<footer class="small">Made by Normwise. This file is complete in itself and asks the network for nothing.</footer>`,
    `</body></html>\n`,
  ].join("\n");
}

function header(report: InspectionReport): string {
  const counts = new Map<string, number>();
  for (const { invariance } of report.weights) counts.set(invariance, (counts.get(invariance) ?? 0) + 1);
  const kinds = [...counts].map(([kind, count]) => `${count} ${kind}`).join(" · ");
  const guess = report.weights.some((row) => row.guess) ? ", guessed by name and shape" : "";
  const { optimizer } = report;
  const numbers = optimizer && `${optimizer.optimizer}, η ${optimizer.rate}, λ ${optimizer.weightDecay}`;
  const paragraphs = [idea, ...report.notes, ...equilibriumText(report)].map((text) => `<p>${escapeHtml(text)}</p>`);
  const advice = report.advice.map(({ text, because, command }) => {
    const line = command === undefined ? "" : `<pre><code>${escapeHtml(command)}</code></pre>`;
    return `<li>${escapeHtml(text)} <span class="small">${escapeHtml(because)}.</span>${line}</li>`;
  });
  return [
    `<header><h1>${escapeHtml(report.title)}</h1>`,
    `<p class="subtitle">${escapeHtml(`${report.weights.length} weights: ${kinds}${guess}`)}${numbers ? `<br>${escapeHtml(numbers)}` : ""}</p>`,
    `<div class="opening"><div>${paragraphs.join("")}</div>`,
    advice.length === 0 ? "" : `<div class="findings"><h3>Advice</h3><ul>${advice.join("")}</ul></div>`,
    `</div></header>`,
  ].join("");
}

const colourOf: Readonly<Record<string, number>> = { channel: 0, head: 0, tensor: 2, joint: 3, none: 6 };

function weightsHtml(report: InspectionReport): string {
  const drawn = report.weights.filter(({ shape, norm }) => shape.length > 1 && norm !== undefined);
  const rows = drawn.length > 0 ? drawn : report.weights;
  const spans = (pick: (row: InspectedRow) => NumberRange | undefined) =>
    positiveExtent(rows.flatMap((row) => Object.values(pick(row) ?? {}) as number[]));
  const [norms, rates] = [spans(({ norm }) => norm), spans(({ rate }) => rate)];
  const { label, unit } = rateMeaning(report);
  const settled = rows.some(({ equilibriumNorm }) => equilibriumNorm !== undefined);
  const heads = [
    ...["weight", "shape", "invariant", "‖w‖", ""],
    ...(settled ? ["at equilibrium"] : []),
    ...(rates ? [label, ""] : []),
    ...["dead", "ε effect"],
  ];
  const body = rows.map((row) => {
    const { name, shape, invariance, guess, norm, rate, dead, epsilon, verified } = row;
    const colour = colourOf[invariance] ?? 6;
    const check = verified === undefined ? "" : verified.agrees ? " ✓" : ` ✗ ${verified.found}`;
    const cells = [
      number(shape.join("×")),
      number(`${invariance}${guess ? "?" : ""}${check}`),
      number(significant(norm?.median)),
      plot(norm, norms, colour),
      ...(settled ? [number(significant(row.equilibriumNorm))] : []),
      ...(rates ? [number(significant(rate?.median)), plot(rate, rates, colour)] : []),
      number(String(dead.length)),
      number(epsilon === undefined ? "" : epsilon.effect ? significant(epsilon.effect.max) : "unknown"),
    ];
    return `<tr><th scope="row">${escapeHtml(name)}</th>${cells.join("")}</tr>`;
  });
  const head = heads.map((text, i) => `<th scope="col"${i === 0 ? "" : ` class="number"`}>${escapeHtml(text)}</th>`);
  const axes = [
    norms && `‖w‖ from ${significant(norms[0])} to ${significant(norms[1])}`,
    rates && `rates from ${significant(rates[0])} to ${significant(rates[1])} ${unit}`,
  ].filter((text) => text !== undefined);
  const caption =
    `Logarithmic axes, ${axes.join("; ")}. A line spans all channels (heads, tensors) that are scaled as one, the dot is ` +
    "their median. ε effect: relative change of the normalized output for that of ‖w‖, the greatest channel's.";
  return (
    `<section id="weights"><h2>Norms and rates</h2><div class="scroll"><table><thead><tr>${head.join("")}</tr></thead>` +
    `<tbody>${body.join("")}</tbody></table></div><p class="small">${escapeHtml(caption)}</p></section>`
  );
}

const number = (text: string): string => `<td class="number">${escapeHtml(text)}</td>`;

function plot(range: NumberRange | undefined, extent: readonly [number, number] | undefined, colour: number): string {
  return `<td class="plotted">${range && extent ? logDots(range, extent, colour) : ""}</td>`;
}

function reasonsHtml({ weights }: InspectionReport): string {
  const rows = weights.map((row) => [
    row.name,
    row.withoutEffect ? `${row.invariance}, without effect` : row.invariance,
    row.because,
    row.verified?.disagreement ?? "",
  ]);
  const verified = weights.some((row) => row.verified !== undefined);
  const columns = verified ? 4 : 3;
  const heads = ["weight", "invariant", "why", "numbers that disagree"].slice(0, columns);
  const body = rows.map(
    (row) =>
      `<tr>${row
        .slice(0, columns)
        .map((text) => `<td>${escapeHtml(text)}</td>`)
        .join("")}</tr>`,
  );
  const head = heads.map((text) => `<th scope="col">${text}</th>`).join("");
  return `<section id="why"><h2>Why</h2><div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table></div></section>`;
}

function unknownHtml({ unknown }: InspectionReport): string {
  if (unknown.length === 0) return "";
  const rows = unknown.map(({ operator, nodes, reason }) => [
    operator,
    String(nodes.length),
    nodes.join(", "),
    reason ?? "",
  ]);
  return `<section id="unknown">${table("Operators that could not be followed", ["operator", "nodes", "where", "why"], rows)}</section>`;
}
