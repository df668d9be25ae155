import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { embedJson, escapeHtml, safeUrl } from "../../src/report/escape.js";
import { readReportAssets } from "../../src/report/files/index.js";
import { renderComparison, renderReport } from "../../src/report/index.js";
import { sampleReport, sampleRun } from "./sample-report.js";

const assets = readReportAssets();

describe("escaping", () => {
  it("leaves no character that HTML reads", () => {
    expect(escapeHtml(`<a href="x" title='y'>&`)).toBe("&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;");
  });

  it("embeds JSON that neither closes its script nor changes", () => {
    const value = { text: "</script><!--<script>\u2028\u2029&" };
    expect(embedJson(value)).not.toMatch(/[<>&\u2028\u2029]/);
    expect(JSON.parse(embedJson(value))).toEqual(value);
  });

  it("links to the web only", () => {
    expect(safeUrl("https://arxiv.org/abs/1803.01814")).toBe("https://arxiv.org/abs/1803.01814");
    expect(safeUrl("javascript:alert(1)")).toBeUndefined();
    expect(safeUrl("nowhere")).toBeUndefined();
  });
});

describe("renderReport", () => {
  const html = renderReport(sampleReport(), assets);
  const markup = html.replace(/<script[\s\S]*?<\/script>|<style>[\s\S]*?<\/style>/g, "");

  it("refers to nothing outside itself but by a link", () => {
    expect(markup.match(/https?:[^"\s]*/g)).toEqual(["https://arxiv.org/abs/1803.01814"]);
    expect(markup).not.toMatch(/\ssrc=|@import|url\(|<iframe|<object|<img/i);
    expect(html.match(/<style>[\s\S]*?<\/style>/g)!.join("")).not.toMatch(/url\(|@import|https?:/);
    expect(html).not.toContain("sourceMappingURL");
  });

  it("allows by its policy exactly the scripts and styles that it holds", () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)![1]!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe");
    const inline = [...html.matchAll(/<(?:script|script type="module"|style)>([\s\S]*?)<\/(?:script|style)>/g)];
    const hashes = inline.map(([, text]) => `'sha256-${createHash("sha256").update(text!).digest("base64")}'`);
    expect(policy.match(/'sha256-[^']*'/g)!.toSorted()).toEqual(hashes.toSorted());
    expect(markup).not.toMatch(/\s(style|on\w+)=/);
  });

  it("has the numbers as tables for a reader without scripts", () => {
    const tables = /<noscript>([\s\S]*)<\/noscript>/.exec(html)![1]!;
    expect(tables).toContain('<td>3</td><td class="number">85.45</td><td class="number">84.45</td>');
    expect(tables).toContain('<td>features.4</td><td class="number">–</td><td class="number">0.42</td>');
  });

  it("gives the comparison of runs the same page", () => {
    const page = renderComparison({ runs: [sampleRun("a", 1), sampleRun("b", 1)], stepsPerEpoch: 10 }, assets);
    expect(page).toContain("<h1>2 runs compared</h1>");
    expect(page).toContain(`id="chart-effective-rate"`);
  });

  it("refuses reports whose parts do not fit", () => {
    const page = (runs: ReturnType<typeof sampleRun>[]) => renderReport(sampleReport({ runs }), assets);
    expect(() => page([])).toThrow(/at least one run, got 0/);
    expect(() => page([sampleRun("a", 1), sampleRun("a", 1)])).toThrow(
      /each seed once per run name, got a, seed 1 twice/,
    );
    const layer = { layer: "l", step: [0, 1], medianNorm: [1], effectiveRate: [1, 1] };
    expect(() => page([sampleRun("a", 1, { layers: [layer] })])).toThrow(/2 values .* of a, l, medianNorm, got 1/);
  });

  it("bundles for a browser without Node's modules", async () => {
    const entry = fileURLToPath(new URL("../../src/report/index.ts", import.meta.url));
    const { metafile } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      platform: "browser",
      metafile: true,
    });
    expect(Object.keys(metafile.inputs).filter((input) => input.includes("/files/"))).toEqual([]);
  });
});
