import { lineStyle } from "../chart.js";

/** A sample of a group's line, as its charts draw it. */
export function swatch(group: number): string {
  const { colour, dash, broad } = lineStyle(group);
  const stroke = broad ? `stroke-width="5" opacity=".7"` : `stroke-width="2.5"`;
  const dashes = dash.length === 0 ? "" : ` stroke-dasharray="${dash.map((length) => length * 0.75).join(" ")}"`;
  return (
    `<svg class="swatch s${colour}" viewBox="0 0 26 10" aria-hidden="true">` +
    `<line x1="3" x2="23" y1="5" y2="5" ${stroke}${dashes}/></svg>`
  );
}
