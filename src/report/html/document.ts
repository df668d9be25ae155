import type { ReportAssets } from "../assets.js";
import type { PageData } from "../chart.js";
import { embedJson, escapeHtml } from "../escape.js";

/** What a page is made of; all but the title is HTML. */
export interface DocumentParts {
  /** Plain text. */
  readonly title: string;
  readonly header: string;
  readonly main: readonly string[];
  readonly footer: string;
  /** What the page's scripts read: the charts, whose places are in `main`. */
  readonly data: PageData;
}

/**
 * One HTML document that needs nothing else: styles, scripts and numbers are inside it, a content security policy allows these
 * and nothing more.
 */
export function documentHtml({ title, header, main, footer, data }: DocumentParts, assets: ReportAssets): string {
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8">`,
    `<meta http-equiv="Content-Security-Policy" content="${policy(assets)}">`,
    `<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="generator" content="Normwise">`,
    `<title>${escapeHtml(title)}</title><link rel="icon" href="data:,">`,
    ...assets.styles.map(({ text }) => `<style>${text}</style>`),
    `</head><body>`,
    header,
    `<main>${main.join("\n")}</main>`,
    `<footer class="small">${footer}</footer>`,
    `<script type="application/json" id="data">${embedJson(data)}</script>`,
    `<script>${assets.library.text}</script>`,
    ...assets.modules.map(({ text }) => `<script type="module">${text}</script>`),
    `</body></html>\n`,
  ].join("\n");
}

/** Scripts and styles by their hashes, nothing else; what a script sets through `element.style` needs no permission. */
function policy({ styles, library, modules }: ReportAssets): string {
  const hashes = (texts: readonly { hash: string }[]) => texts.map(({ hash }) => `'${hash}'`).join(" ");
  return (
    `default-src 'none'; script-src ${hashes([library, ...modules])}; style-src ${hashes(styles)}; ` +
    "img-src data:; base-uri 'none'; form-action 'none'"
  );
}
