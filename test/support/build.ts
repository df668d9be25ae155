import { execFileSync } from "node:child_process";

/** Worker threads of Node 20 cannot load TypeScript: they run the built files, so the build comes before any test. */
export function setup(): void {
  execFileSync("npx", ["tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
}
