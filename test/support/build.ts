import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";

/**
 * Builds `dist/` once before any test: worker threads of Node 20 cannot load TypeScript, and what is said of the
 * package (its entries, the command, the bundles for browsers) is said of what is built.
 */
export function setup(): void {
  const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  execFileSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], { stdio: "inherit" });
}
