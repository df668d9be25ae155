import { escapeHtml } from "../escape.js";
import { swatch } from "./swatch.js";

/** Buttons that show and hide the lines of each group, with a sample of them. */
export function legendHtml(groups: readonly { readonly label: string }[]): string {
  const buttons = groups.map(
    ({ label }, i) =>
      `<button type="button" data-group="${i}" aria-pressed="true">${swatch(i)}${escapeHtml(label)}</button>`,
  );
  return `<div class="legend" role="group" aria-label="runs shown in the charts">${buttons.join("")}</div>`;
}
