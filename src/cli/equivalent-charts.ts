import { type EquivalencePage, type ScheduleChart, terminalPlot } from "../report/index.js";
import type { Equivalent } from "./equivalent-arguments.js";
import { describeSimulation, simulate } from "./equivalent-format.js";
import type { NormEstimate } from "./equivalent-norms.js";
import { decayName, purpose } from "./python-schedule.js";

/** Curves of a schedule, for the terminal and the page alike. */
export interface ScheduleCharts {
  /** The names of the lines; the first is the original's. */
  readonly lines: readonly string[];
  readonly charts: readonly ScheduleChart[];
}

/** Rates, norms and, where they change from step to step, decays of a translation. */
export function chartsOf({ rates, toWeightDecay, translated }: Equivalent): ScheduleCharts {
  const charts: ScheduleChart[] = [
    rateChart(
      [rates, translated.learningRate],
      "Scale-invariant weights take the translated rate, all others the original one.",
    ),
    {
      id: "norm",
      title: "Norm over the original's",
      caption: "‖v‖/‖w‖ of every scale-invariant weight before each step, log axis.",
      yLabel: "‖v‖/‖w‖",
      scale: "log",
      curves: [{ line: 1, values: translated.normRatio.subarray(0, rates.length) }],
    },
  ];
  if (typeof toWeightDecay === "object") {
    charts.push({
      id: "decay",
      title: "Weight decay of each step",
      caption: "Of the translated run, multiplied by its rate.",
      yLabel: "λ′",
      scale: "linear",
      curves: [{ line: 1, values: toWeightDecay }],
    });
  }
  return { lines: ["original", "translated"], charts };
}

/** The rates of an estimate from norms. */
export function estimateCharts({ rates, mean, exact }: NormEstimate): ScheduleCharts {
  const values = [rates, mean, ...(exact === undefined ? [] : [exact])];
  return { lines: ["original", "estimated", "exact"].slice(0, values.length), charts: [rateChart(values, "")] };
}

function rateChart(values: readonly Float64Array[], caption: string): ScheduleChart {
  const curves = values.map((curve, line) => ({ line, values: curve }));
  return {
    id: "rate",
    title: "Learning rate",
    caption: `Per step, log axis. ${caption}`.trim(),
    yLabel: "η",
    scale: "log",
    curves,
  };
}

/** The charts as text. */
export function plotText({ lines, charts }: ScheduleCharts): string {
  const blocks = charts.map(({ title, scale, curves }) => {
    const plotted = curves.map(({ line, values }) => ({
      label: curves.length === 1 ? title : `${title.toLowerCase()}, ${lines[line]}`,
      y: values,
      style: line === 0 ? ("dotted" as const) : ("whole" as const),
    }));
    return terminalPlot(plotted, { scale, height: 8 }).join("\n");
  });
  return `${blocks.join("\n\n")}\n`;
}

/** What the page of a translation shows. */
export function pageOf(equivalent: Equivalent, command: string): EquivalencePage {
  const { scheduleName, baseRate, optimizer, momentum, steps, weightDecay, toWeightDecay, by, translated } = equivalent;
  const last = (values: Float64Array): string => String(Number(values.at(-1)!.toPrecision(3)));
  const events = translated.rescaleEvents.length;
  return {
    ...chartsOf(equivalent),
    title: "An equivalent schedule",
    subtitle: purpose(equivalent),
    findings: [
      `${translated.because[0]!.toUpperCase()}${translated.because.slice(1)}.`,
      `The last rate is ${last(translated.learningRate)}; at the end the weights are ${last(translated.normRatio)} times as long as the original's.`,
      ...(events === 0 || by === "norms" ? [] : [`The rates hold with ${events} rescaling(s) of the weights.`]),
      `Tried out ${describeSimulation(simulate(equivalent))}.`,
    ],
    settings: [
      ["schedule", scheduleName],
      ["base learning rate", String(baseRate)],
      ["steps", String(steps)],
      ["optimizer", optimizer],
      ["momentum", String(momentum)],
      ["weight decay", decayName(weightDecay)],
      ["translated weight decay", decayName(toWeightDecay)],
    ],
    command,
  };
}
