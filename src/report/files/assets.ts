import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { builtFile, DataError, expectation } from "../../core/index.js";
import type { InlineText, ReportAssets } from "../assets.js";
import { pageStyle } from "../page/style.js";

/** Reads what a report's page needs besides its data: uPlot, and this package's own page scripts, as built. */
export function readReportAssets(): ReportAssets {
  const require = createRequire(import.meta.url);
  return {
    styles: [inline(read(require.resolve("uplot/dist/uPlot.min.css"))), inline(pageStyle)],
    library: inline(read(require.resolve("uplot/dist/uPlot.iife.min.js"))),
    modules: ["line-chart", "panels"].map((name) =>
      // A page has no source map beside it.
      inline(read(builtFile(import.meta.url, `../page/${name}.js`)).replace(/\/\/# sourceMappingURL=.*\s*$/, "")),
    ),
  };
}

function inline(text: string): InlineText {
  if (/<\/(script|style)|<!--/i.test(text)) {
    throw new DataError(expectation("report assets", "text without </script, </style or <!--", text.slice(0, 60)));
  }
  return { text, hash: `sha256-${createHash("sha256").update(text).digest("base64")}` };
}

function read(path: string | URL): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const fix = "run `npm ci && npm run build`";
    throw new DataError(expectation("report assets", "a readable file", String(path), fix), { cause });
  }
}
