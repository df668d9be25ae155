import { equilibriumText, type InspectedRow, type InspectionReport, rateMeaning } from "./inspection-report.js";
import { significant } from "./number-text.js";
import { alignedTable, printable } from "./terminal.js";

/** How a report is written for a terminal. */
export interface InspectionTableOptions {
  /** Columns that a line may have; 100 by default. */
  readonly width?: number;
  /** Whether verdicts are coloured; false by default. */
  readonly colour?: boolean;
  /** Whether biases, gains and other vectors have rows too; false by default: they are counted. */
  readonly all?: boolean;
  /** Whether each weight's reason is written out; false by default: only where it is surprising. */
  readonly why?: boolean;
}

interface Column {
  readonly heading: string;
  readonly cell: (row: InspectedRow) => string;
  /** Those with a higher number are left out first where a line would be too long. */
  readonly rank: number;
}

/** An inspection as plain text: a table of the weights, what could not be followed, the equilibrium, the advice. */
export function inspectionTable(report: InspectionReport, options: InspectionTableOptions = {}): string {
  const { width = 100, all = false } = options;
  const matrices = report.weights.filter((row) => all || row.shape.length > 1);
  const rows = matrices.length > 0 ? matrices : report.weights;
  const vectors = report.weights.filter((row) => !rows.includes(row));
  const legend = legendOf(report, rows);
  return [
    ...tableLines(report, rows, options),
    "",
    ...(vectors.length === 0 ? [] : [...wrapped(vectorText(vectors), width), ""]),
    ...legend.flatMap((line) => wrapped(line, width)),
    ...section("", equilibriumText(report), width),
    ...section("not scale-invariant, or not as finely as by channel:", reasons(rows, options), width),
    ...section("could not be followed:", report.unknown.map(unknownText), width),
    ...section("numbers that disagree:", disagreements(report), width),
    ...section("advice:", report.advice.flatMap(adviceText), width),
    ...section("", report.notes.map(printable), width),
  ]
    .join("\n")
    .trimEnd();
}

function tableLines(
  report: InspectionReport,
  rows: readonly InspectedRow[],
  options: InspectionTableOptions,
): string[] {
  const { width = 100, colour = false } = options;
  let columns = columnsOf(report, rows);
  const lines = (): string[] =>
    alignedTable(
      columns.map(({ heading }) => heading),
      rows.map((row) => columns.map(({ cell }) => cell(row))),
    );
  let table = lines();
  while (columns.length > 3 && Math.max(...table.map((line) => [...line].length)) > width) {
    const least = Math.max(...columns.map(({ rank }) => rank));
    if (least === 0) break;
    columns = columns.filter(({ rank }) => rank !== least);
    table = lines();
  }
  return colour ? table.map((line, i) => (i < 2 ? line : coloured(line, rows[i - 2]!))) : table;
}

function columnsOf(report: InspectionReport, rows: readonly InspectedRow[]): Column[] {
  const columns: (Column & { readonly shown: (row: InspectedRow) => boolean })[] = [
    { heading: "weight", cell: ({ name }) => shortened(printable(name), 44), rank: 0, shown: () => true },
    { heading: "shape", cell: ({ shape }) => shape.join("×"), rank: 4, shown: () => true },
    {
      heading: "invariant",
      cell: (row) =>
        `${row.invariance}${row.guess ? "?" : ""}${row.verified ? (row.verified.agrees ? " ✓" : " ✗") : ""}`,
      rank: 0,
      shown: () => true,
    },
    {
      heading: "‖w‖ min",
      cell: ({ norm }) => significant(norm?.min),
      rank: 3,
      shown: ({ norm }) => norm !== undefined,
    },
    {
      heading: "median",
      cell: ({ norm }) => significant(norm?.median),
      rank: 0,
      shown: ({ norm }) => norm !== undefined,
    },
    { heading: "max", cell: ({ norm }) => significant(norm?.max), rank: 3, shown: ({ norm }) => norm !== undefined },
    {
      heading: "at eq.",
      cell: (row) => significant(row.equilibriumNorm),
      rank: 2,
      shown: ({ equilibriumNorm }) => equilibriumNorm !== undefined,
    },
    { heading: "dead", cell: ({ dead }) => String(dead.length || ""), rank: 1, shown: ({ dead }) => dead.length > 0 },
    { heading: "ε effect", cell: epsilonText, rank: 5, shown: ({ epsilon }) => epsilon !== undefined },
    {
      heading: "rate",
      cell: ({ rate }) => significant(rate?.median),
      rank: 0,
      shown: ({ rate }) => rate !== undefined,
    },
    {
      heading: "×median",
      cell: ({ rate }) => (rate ? significant(Number((rate.median / middle).toPrecision(2))) : "–"),
      rank: 2,
      shown: ({ rate }) => rate !== undefined,
    },
  ];
  const rates = report.weights.flatMap(({ rate }) => (rate ? [rate.median] : [])).sort((a, b) => a - b);
  const middle = rates[(rates.length - 1) >> 1]!;
  return columns.filter(({ shown }) => rows.some(shown));
}

function epsilonText({ epsilon }: InspectedRow): string {
  if (epsilon === undefined) return "";
  return epsilon.effect ? significant(Number(epsilon.effect.max.toPrecision(2))) : "?";
}

const colours: Readonly<Record<string, number>> = { channel: 32, head: 32, tensor: 36, joint: 33, none: 90 };

function coloured(line: string, row: InspectedRow): string {
  const code = row.verified?.agrees === false ? 31 : colours[row.invariance];
  return code === undefined ? line : `\x1b[${code}m${line}\x1b[0m`;
}

/** A long name without its middle. */
function shortened(name: string, most: number): string {
  const letters = [...name];
  if (letters.length <= most) return name;
  const kept = most - 1;
  return `${letters.slice(0, Math.floor(kept / 3)).join("")}…${letters.slice(-Math.ceil((2 * kept) / 3)).join("")}`;
}

function vectorText(vectors: readonly InspectedRow[]): string {
  const kinds = new Map<string, number>();
  for (const { invariance, withoutEffect } of vectors) {
    const kind = withoutEffect
      ? "without effect"
      : invariance === "none"
        ? "not invariant"
        : `invariant by ${invariance}`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const list = [...kinds].map(([kind, count]) => `${count} ${kind}`).join(", ");
  return `${vectors.length} biases, gains and other vectors: ${list}. --all lists them.`;
}

function legendOf(report: InspectionReport, rows: readonly InspectedRow[]): string[] {
  const { label, unit } = rateMeaning(report);
  const some = (holds: (row: InspectedRow) => boolean): boolean => rows.some(holds);
  return [
    "‖w‖: of each channel, head or tensor that is scaled as one; min, median and max over them.",
    ...(some(({ rate }) => rate !== undefined) ? [`rate: ${label}, median, in ${unit}.`] : []),
    ...(some(({ equilibriumNorm }) => equilibriumNorm !== undefined)
      ? ["at eq.: ‖w‖ at equilibrium, √(ηC/(2λ))."]
      : []),
    ...(some(({ epsilon }) => epsilon !== undefined)
      ? [
          "ε effect: relative change of the normalized output for that of ‖w‖, the greatest channel's; ?: only --verify can tell.",
        ]
      : []),
    ...(some(({ guess }) => guess === true) ? ["channel?: a guess by name and shape; --graph model.onnx tells."] : []),
  ];
}

function reasons(rows: readonly InspectedRow[], { why = false }: InspectionTableOptions): string[] {
  const told = rows.filter(({ invariance, guess }) => why || (invariance !== "channel" && guess !== true));
  const most = 12;
  const shown = why ? told : told.slice(0, most);
  const rest = told.length - shown.length;
  return [
    ...shown.map(({ name, invariance, because }) => printable(`${name} (${invariance}): ${because}`)),
    ...(rest > 0 ? [`and ${rest} more; --why tells all`] : []),
  ];
}

function unknownText({ operator, nodes, reason }: InspectionReport["unknown"][number]): string {
  const places = nodes.slice(0, 3).join(", ") + (nodes.length > 3 ? ", …" : "");
  return printable(`${operator}, ${nodes.length} × (${places})${reason === undefined ? "" : `: ${reason}`}`);
}

function disagreements({ weights }: InspectionReport): string[] {
  return weights.flatMap(({ name, invariance, verified }) =>
    verified?.agrees === false
      ? [
          printable(
            `${name}: ${invariance} by analysis, ${verified.found} by the numbers: ${verified.disagreement ?? ""}`,
          ),
        ]
      : [],
  );
}

function adviceText({ text, because, command }: InspectionReport["advice"][number]): string[] {
  return [printable(`• ${text} (${because}.)`), ...(command === undefined ? [] : [printable(`  $ ${command}`)])];
}

function section(heading: string, lines: readonly string[], width: number): string[] {
  if (lines.length === 0) return [];
  return ["", ...(heading === "" ? [] : [heading]), ...lines.flatMap((line) => wrapped(line, width))];
}

/** Lines of at most this many characters, broken at spaces; what follows is indented. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line.trim() !== "" && [...line].length + 1 + [...word].length > width) {
      lines.push(line);
      line = `  ${word}`;
    } else line = line === "" && lines.length === 0 ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
