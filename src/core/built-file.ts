/**
 * The address of a module that a worker thread is to load. Node 20 cannot run TypeScript in a worker, so a caller that
 * itself runs from `src/` (under Vitest) is sent to the built twin in `dist/`.
 */
export function builtFile(callerUrl: string, relative: string): URL {
  return new URL(relative, callerUrl.endsWith(".ts") ? callerUrl.replace(/\/src\/(?!.*\/src\/)/, "/dist/") : callerUrl);
}
