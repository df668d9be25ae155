import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readReportAssets } from "../../src/report/files/index.js";
import { type ExperimentReport, renderReport } from "../../src/report/index.js";
import { launchChromium } from "../support/chromium.js";
import { sampleReport, sampleRun } from "./sample-report.js";

const folder = mkdtempSync(join(tmpdir(), "normwise-report-"));
let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

interface Opened {
  readonly page: Page;
  /** Errors in the console (a breach of the policy is one), uncaught errors, and requests beyond the page itself. */
  readonly complaints: string[];
}

async function open(report: ExperimentReport, options: Parameters<Browser["newPage"]>[0] = {}): Promise<Opened> {
  const file = join(folder, "report.html");
  writeFileSync(file, renderReport(report, readReportAssets()));
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, ...options });
  const complaints: string[] = [];
  const address = pathToFileURL(file).href;
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (request.url() !== address && !request.url().startsWith("data:")) complaints.push(request.url());
  });
  await page.goto(address);
  await page.waitForTimeout(100); // uPlot draws in a microtask, the observer of widths after the first frame
  return { page, complaints };
}

/** Every pixel of a chart's canvas, and how many of them are about of a colour. */
async function pixels(page: Page, chart: string, colour: string): Promise<{ image: string; coloured: number }> {
  return page.evaluate(
    ([id, name]) => {
      const canvas = document.querySelector<HTMLCanvasElement>(`#chart-${id} canvas`)!;
      const hex = getComputedStyle(document.documentElement).getPropertyValue(name!).trim();
      const wanted = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      let coloured = 0;
      for (let i = 0; i < data.length; i += 4) {
        const near = wanted.every((value, channel) => Math.abs(data[i + channel]! - value) < 12);
        if (near && data[i + 3]! > 100) coloured++;
      }
      return { image: canvas.toDataURL(), coloured };
    },
    [chart, colour] as const,
  );
}

describe("the report's page", () => {
  it("draws every chart, in light and dark, without complaint", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const { page, complaints } = await open(sampleReport(), { colorScheme });
      for (const chart of ["accuracy", "loss", "norm", "effective-rate", "rotation", "cosine"]) {
        const { coloured } = await pixels(page, chart, "--run-1");
        expect(coloured, `${chart}, ${colorScheme}`).toBeGreaterThan(200);
      }
      expect(complaints).toEqual([]);
      await page.close();
    }
  });

  it("shows another layer, another scale and fewer runs when asked", async () => {
    const { page, complaints } = await open(sampleReport());
    const before = await pixels(page, "norm", "--run-1");
    await page.selectOption("#norms select", "features.4");
    await page.waitForTimeout(50);
    const other = await pixels(page, "norm", "--run-1");
    expect(other.image).not.toBe(before.image);
    await page.click("#norms button[data-turn='-1']");
    await page.waitForTimeout(50);
    expect((await pixels(page, "norm", "--run-1")).image).toBe(before.image);

    for (const [chart, box] of [
      ["loss", "data-toggle"],
      ["accuracy", "data-toggle"],
      ["cosine", "data-toggle"],
      ["norm", "data-band"],
    ] as const) {
      const plain = await pixels(page, chart, "--run-1");
      await page.check(`#chart-${chart} input[${box}]`);
      await page.waitForTimeout(50);
      const changed = await pixels(page, chart, "--run-1");
      expect(changed.image, chart).not.toBe(plain.image);
      expect(changed.coloured, chart).toBeGreaterThan(100);
    }
    expect(await page.textContent("#chart-cosine .y-label")).toBe("1 − cosine");

    await page.click("button[data-group='1']");
    await page.waitForTimeout(50);
    expect((await pixels(page, "effective-rate", "--run-1")).coloured).toBe(0);
    expect((await pixels(page, "effective-rate", "--run-0")).coloured).toBeGreaterThan(200);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("draws runs that were recorded at different steps, and single points", async () => {
    const thirds = [0, 3, 6, 9, 12, 15, 18, 21, 24, 27].map((step) => step + 0.5);
    const layer = { layer: "features.0", step: thirds, medianNorm: thirds, effectiveRate: thirds };
    const other = sampleRun("decay-off", 1, { layers: [layer], stepsPerEpoch: 12, validationAccuracy: [80] });
    const { page, complaints } = await open(sampleReport({ runs: [sampleRun("decay-on", 1), other] }));
    expect((await pixels(page, "norm", "--run-1")).coloured).toBeGreaterThan(200);
    expect((await pixels(page, "accuracy", "--run-1")).coloured).toBeGreaterThan(5);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("prints in the colours of paper, whatever the screen's", async () => {
    const { page } = await open(sampleReport(), { colorScheme: "dark" });
    await page.evaluate(() => {
      addEventListener("beforeprint", () => {
        const style = getComputedStyle(document.documentElement);
        document.title = style.getPropertyValue("--run-1").trim();
      });
    });
    await page.pdf();
    expect(await page.title()).toBe("#d55e00");
    await page.close();
  });

  it("reads the values at the pointer", async () => {
    const { page } = await open(sampleReport());
    const area = page.locator("#chart-accuracy .u-over");
    const { width, height } = (await area.boundingBox())!;
    await area.hover({ position: { x: width - 2, y: height / 2 } });
    const readout = page.locator("#chart-accuracy .readout");
    await readout.waitFor({ state: "visible" });
    expect(await readout.locator("strong").textContent()).toBe("epoch 3 · step 30");
    expect(await readout.locator("b").allTextContents()).toEqual(["85.45", "84.45"]);
    await page.close();
  });

  it("fits a phone and follows a change of width", async () => {
    const { page, complaints } = await open(sampleReport(), { viewport: { width: 390, height: 844 } });
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    const plot = () => page.evaluate(() => document.querySelector(".uplot")!.getBoundingClientRect().width);
    expect(await width()).toBe(390);
    const narrow = await plot();
    await page.setViewportSize({ width: 800, height: 844 });
    await page.waitForTimeout(200);
    expect(await plot()).toBeGreaterThan(narrow + 300);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("shows hostile names as the text they are", async () => {
    const hostile = `</script><script>pwned=1</script><img src=x onerror="pwned=1">'"\u2028&amp;`;
    const [layer] = sampleRun("decay-on", 1).layers!;
    const run = sampleRun("decay-off", 1, {
      name: hostile,
      label: hostile,
      description: hostile,
      notes: [hostile],
      layers: [{ ...layer!, layer: hostile }],
      directionCosine: { step: [0, 1], layers: [{ layer: hostile, cosine: [1, 1] }] },
    });
    const { page, complaints } = await open({
      ...sampleReport(),
      title: hostile,
      subtitle: hostile,
      idea: hostile,
      findings: [hostile],
      settings: [[hostile, hostile]],
      source: { label: hostile, url: "javascript:pwned=1" },
      command: hostile,
      runs: [run, sampleRun("decay-on", 1)],
    });
    const seen = await page.evaluate(() => ({
      pwned: "pwned" in globalThis,
      images: document.images.length,
      scripts: document.scripts.length,
      links: document.querySelectorAll("a").length,
      texts: ["h1", ".findings li", "option", "tbody th", ".legend button", ".settings dd", "pre", ".notes li"].map(
        (selector) => document.querySelector(selector)!.textContent,
      ),
    }));
    expect(seen).toMatchObject({ pwned: false, images: 0, scripts: 4, links: 0 });
    for (const text of seen.texts) expect(text).toContain(hostile);
    const area = page.locator("#chart-norm .u-over");
    const { width, height } = (await area.boundingBox())!;
    await area.hover({ position: { x: width / 2, y: height / 2 } });
    expect(await page.locator("#chart-norm .readout span").allTextContents()).toContain(hostile);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("shows the numbers where scripts are off", async () => {
    const { page, complaints } = await open(sampleReport(), { javaScriptEnabled: false });
    expect(await page.locator("noscript table").count()).toBe(6);
    expect(await page.locator("#chart-accuracy").isVisible()).toBe(false);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
