import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/**
 * Starts the system's Chromium without a window.
 * @throws Error that says how to install it, where it is missing.
 */
export async function launchChromium(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) {
    throw new Error(
      `this test needs ${executablePath}, which is missing; run: apt-get install chromium (or set CHROMIUM to its path)`,
    );
  }
  const quiet = ["quic", "background-networking", "component-update", "sync"].map((name) => `--disable-${name}`);
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--no-first-run", ...quiet] });
}
