import type { ReportAssets } from "./assets.js";
import type { ExperimentReport } from "./experiment-report.js";
import { renderReport } from "./render-report.js";
import { groupRuns } from "./result-rows.js";

/** Runs to compare, and what is known of them; the first run is the reference. */
export type Comparison = Pick<ExperimentReport, "runs" | "stepsPerEpoch"> & Partial<ExperimentReport>;

/** Fills in the titles of a comparison of runs, so that the page and the terminal's table can show it. */
export function comparisonReport(comparison: Comparison): ExperimentReport {
  const groups = groupRuns(comparison.runs);
  return {
    title: groups.length === 1 ? "One run" : `${groups.length} runs compared`,
    subtitle: groups.map(({ label }) => label).join(" · "),
    findings: [],
    settings: [],
    ...comparison,
  };
}

/** The page of {@link renderReport} for runs that no experiment planned. */
export function renderComparison(comparison: Comparison, assets: ReportAssets): string {
  return renderReport(comparisonReport(comparison), assets);
}
