import { escapeHtml } from "../escape.js";

/** A titled table of plain text; all columns but the first hold numbers. */
export function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const number = (i: number) => (i === 0 ? "" : ` class="number"`);
  const headings = head.map((text, i) => `<th scope="col"${number(i)}>${escapeHtml(text)}</th>`).join("");
  const body = rows.map(
    (row) => `<tr>${row.map((text, i) => `<td${number(i)}>${escapeHtml(text)}</td>`).join("")}</tr>`,
  );
  return (
    `<h3>${escapeHtml(title)}</h3><div class="scroll"><table><thead><tr>${headings}</tr></thead>` +
    `<tbody>${body.join("")}</tbody></table></div>`
  );
}
