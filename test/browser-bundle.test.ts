import { readFileSync } from "node:fs";
import { type BuildOptions, build } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchChromium } from "./support/chromium.js";
import { type SmallTraining, trainInTab } from "./support/train-in-tab.js";

const { exports: entries } = JSON.parse(readFileSync("package.json", "utf8")) as {
  readonly exports: Readonly<Record<string, { readonly default: string }>>;
};

/** Bundles as an application for browsers would: no shims for what only Node has. Rejects if something is missing. */
async function bundle(entry: string, options: BuildOptions = {}): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: "browser",
    format: "esm",
    write: false,
    logLevel: "silent",
    ...options,
  });
  return outputFiles![0]!.text;
}

describe("bundled for a browser", () => {
  const browserEntries = Object.entries(entries).filter(([name]) => name !== "./node");

  it.each(browserEntries)("%s needs nothing of Node", async (_, { default: file }) => {
    const text = await bundle(file);
    expect(text).toMatch(/^export \{/m);
    expect(text.match(/(from|import\(|require\()\s*["'](node:|onnxruntime)[^"']*/g)).toBeNull();
  });

  it("./node does, which shows that this test can fail", async () => {
    await expect(bundle(entries["./node"]!.default)).rejects.toThrow(/Could not resolve "node:/);
  });
});

describe("in a tab", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  it("a network is trained, as in Node", async () => {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.addScriptTag({
      content: await bundle("test/support/train-in-tab.ts", { format: "iife", globalName: "tab" }),
    });
    const got = await page.evaluate<SmallTraining>("tab.trainInTab()");
    const expected = await trainInTab();

    expect(complaints).toEqual([]);
    expect(got.losses).toHaveLength(30);
    const [first, last] = [got.losses.slice(0, 3), got.losses.slice(-3)].map((losses) => Math.max(...losses));
    expect(last).toBeLessThan(first! / 2);
    // The engines' exp and log may differ in the last bit.
    expect(got.losses).toEqual(expected.losses.map((loss) => expect.closeTo(loss, 10)));
    expect(got.norms).toEqual(expected.norms.map((norm) => expect.closeTo(norm, 10)));
    expect(got.predictions).toEqual(expected.predictions);
    expect(got.predictions.filter((label, image) => label === image % 2).length).toBeGreaterThan(45);
    expect(got.onnx).toHaveLength(expected.onnx.length);
  });
});
