// Runs in the page as an inline module: nothing here may import a value. See files/assets.ts.
import type UPlot from "uplot";
import type { Chart, ChartGroup, ChartLine } from "../chart.js";

/** What the page's scripts hand to one another; an inline module cannot import another. */
export interface PageGlobals {
  uPlot: typeof UPlot;
  drawLineChart: typeof drawLineChart;
}

/** What to draw, and how. */
export interface LineChartOptions {
  readonly chart: Chart;
  /** Index into the chart's views. */
  readonly view: number;
  /** Whether the chart's second way of showing is on. */
  readonly toggled: boolean;
  readonly banded: boolean;
  readonly groups: readonly ChartGroup[];
  readonly hidden: ReadonlySet<number>;
  readonly stepsPerEpoch: number | undefined;
  /** What positions are counted in. */
  readonly position: "epoch" | "step";
}

const page = globalThis as unknown as PageGlobals;
page.drawLineChart = drawLineChart;

// No quarters of an epoch: 1-2-5 only.
const epochIncrements = [0.01, 0.1, 1, 10, 100, 1000].flatMap((power) => [power, 2 * power, 5 * power]);

/** Draws a chart into an empty element, as large as the element, and returns it. Bold lines are means or single seeds. */
function drawLineChart(host: HTMLElement, options: LineChartOptions): UPlot {
  const { chart, groups } = options;
  const view = chart.views[options.view]!;
  const second = options.toggled ? chart.toggle : undefined;
  const logarithmic = chart.scale === "log" || second === "log" || second === "complement";
  const complement = second === "complement";
  const start = second === "late" ? Math.max(...view.x.flat()) / 2 : 0;
  const prepared = (values: readonly (number | null)[]): (number | null)[] =>
    values.map((value) => {
      const shown = value === null || !complement ? value : 1 - value;
      return shown !== null && logarithmic && shown <= 0 ? null : shown;
    });

  const css = getComputedStyle(document.documentElement);
  const colour = (name: string) => css.getPropertyValue(name).trim();
  const font = (size: number) => `${size}px ${css.fontFamily}`;
  const isBold = (line: ChartLine) =>
    line.seed === "mean" || view.lines.filter(({ group }) => group === line.group).length === 1;

  const tables: UPlot.AlignedData[] = [];
  const series: UPlot.Series[] = [{}];
  const bands: UPlot.Band[] = [];
  const lines: (ChartLine | undefined)[] = [undefined];
  // Single seeds first: the means are drawn over them.
  for (const line of [...view.lines].sort((a, b) => Number(isBold(a)) - Number(isBold(b)))) {
    const style = groups[line.group]!;
    const stroke = colour(`--run-${style.colour}`);
    const bold = isBold(line);
    const shared = { show: !options.hidden.has(line.group), points: { show: line.y.length === 1 } };
    const columns = [prepared(line.y)];
    const broad = style.broad && bold;
    series.push({
      ...shared,
      stroke: bold ? stroke + (broad ? "a6" : "") : `${stroke}66`,
      width: broad ? 5 : bold ? 2 : 1,
      dash: bold ? [...style.dash] : [],
      cap: "round",
    });
    lines.push(line);
    if (options.banded && bold && line.low && line.high) {
      columns.push(prepared(line.high), prepared(line.low));
      bands.push({ series: [series.length, series.length + 1], fill: `${stroke}22` });
      series.push({ ...shared, width: 0 }, { ...shared, width: 0 });
      lines.push(undefined, undefined);
    }
    tables.push([view.x[line.x]!, ...columns] as unknown as UPlot.AlignedData);
  }

  const axis = { stroke: colour("--muted"), font: font(12), grid: { stroke: colour("--grid"), width: 1 } };
  const ticks = { show: false };
  return new page.uPlot(
    {
      width: host.clientWidth,
      height: host.clientHeight,
      padding: [10, 12, 0, 4],
      legend: { show: false },
      cursor: {
        sync: { key: "epochs" },
        drag: { x: true, y: false },
        points: { size: (_, i) => (lines[i] && isBold(lines[i]) ? 8 : 0) },
      },
      scales: {
        x: {
          time: false,
          range: (_, low, high) => (low === high ? [low - 1, high + 1] : [Math.max(low, start), high]),
        },
        y: { distr: logarithmic ? 3 : 1, range: (_, low, high) => padded(low, high, logarithmic) },
      },
      axes: [
        {
          ...axis,
          ticks,
          incrs: epochIncrements,
          size: 26,
          gap: 4,
          label: options.position,
          labelSize: 18,
          labelGap: -2,
          labelFont: font(12),
        },
        {
          ...axis,
          ticks,
          size: 54,
          gap: 6,
          values: (_, splits) => splits.map(tickText),
          ...(logarithmic && { splits: (u: UPlot) => logTicks(u.scales.y!.min!, u.scales.y!.max!), filter: keep }),
        },
      ],
      series,
      bands,
      plugins: [readout(options, lines, isBold)],
    },
    tables.length === 0 ? [[]] : page.uPlot.join(tables),
    host,
  );
}

/** The range of the y axis: the data and a twentieth more on each side. */
function padded(low: number | null, high: number | null, logarithmic: boolean): [number, number] {
  if (low === null || high === null) return logarithmic ? [0.1, 1] : [0, 1];
  if (logarithmic) {
    const factor = Math.max(high / low, 1.2) ** 0.06;
    return [low / factor, high * factor];
  }
  const margin = (high - low) * 0.05 || Math.abs(high) * 0.05 || 1;
  return [low - margin, high + margin];
}

/** Ticks of a log axis: the densest of 1…9, 1-2-5, 1 and coarser powers of ten that leaves room. */
function logTicks(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const ticks = (digits: number[], every: number) =>
    powers
      .filter((power) => power % every === 0)
      .flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
      .filter((tick) => tick >= low && tick <= high);
  const choices = [
    ticks([1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9], 1),
    ticks([1, 1.5, 2, 3, 4, 5, 6, 7, 8], 1),
    ticks([1, 2, 5], 1),
    ticks([1, 3], 1),
    ticks([1], 1),
    ticks([1], 2),
  ];
  return choices.find((choice) => choice.length <= 7) ?? ticks([1], 4);
}

function keep(_: UPlot, splits: number[]): number[] {
  return splits;
}

function tickText(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude === 0 || (magnitude >= 1e-3 && magnitude < 1e5)) return String(Number(value.toPrecision(6)));
  const [digits, power] = Number(value.toPrecision(4)).toExponential().split("e") as [string, string];
  const raised = [...String(Number(power))].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)])).join("");
  return digits === "1" ? `10${raised}` : `${digits}·10${raised}`;
}

/** The box beside the pointer that names the values there, greatest first. Texts go in as text, never as HTML. */
function readout(
  options: LineChartOptions,
  lines: readonly (ChartLine | undefined)[],
  isBold: (line: ChartLine) => boolean,
): UPlot.Plugin {
  const box = document.createElement("div");
  box.className = "readout";
  box.hidden = true;
  const element = (tag: string, className: string, text: string) =>
    Object.assign(document.createElement(tag), { className, textContent: text });
  const update = (u: UPlot): void => {
    const { idx, left = -1 } = u.cursor;
    if (!u.over.matches(":hover") || idx === null || idx === undefined || left < 0) {
      box.hidden = true;
      return;
    }
    const epoch = u.data[0][idx]!;
    const rows = lines
      .flatMap((line, i) => {
        const value = u.data[i]?.[idx];
        const shown = line && isBold(line) && u.series[i]!.show && typeof value === "number";
        return shown ? [{ line, value }] : [];
      })
      .sort((a, b) => b.value - a.value);
    const { stepsPerEpoch } = options;
    const step = stepsPerEpoch === undefined ? "" : ` · step ${Math.round(epoch * stepsPerEpoch)}`;
    box.replaceChildren(
      element("strong", "", `${options.position} ${Number(epoch.toFixed(2))}${step}`),
      ...rows.flatMap(({ line, value }) => {
        const { label, colour } = options.groups[line.group]!;
        const precise = tickText(Number(value.toPrecision(4)));
        return [element("i", `dot s${colour}`, ""), element("span", "", label), element("b", "", precise)];
      }),
    );
    box.hidden = rows.length === 0;
    const right = left < u.over.clientWidth / 2;
    box.style.left = right ? `${left + 16}px` : "auto";
    box.style.right = right ? "auto" : `${u.over.clientWidth - left + 16}px`;
  };
  return { hooks: { init: (u) => void u.over.append(box), setCursor: update } };
}
