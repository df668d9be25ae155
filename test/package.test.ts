import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// The package as a stranger gets it: packed, and installed into an empty project.

const run = promisify(execFile);
const home = process.cwd();
const minutes = 60_000;
let project: string;
let files: readonly string[];

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** Runs a command in the project and returns what it prints. */
async function inProject(command: string, ...words: readonly string[]): Promise<string> {
  // The runtime's install script would fetch CUDA libraries from a host that may be out of reach. This is the setting
  // that the README names; `npm ci` of this repository has it in its .npmrc.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" };
  const { stdout } = await run(command, words, { cwd: project, env, maxBuffer: 2 ** 24 });
  return stdout;
}

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "normwise-package-"));
  await writeFile(join(project, "package.json"), `{ "name": "empty", "private": true, "type": "module" }`);
  // Scripts are left out, for `prepack` would build again what has just been built.
  const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", project];
  const { stdout } = await run("npm", pack, { cwd: home, maxBuffer: 2 ** 24 });
  const [packed] = Object.values(JSON.parse(stdout) as Record<string, Packed>);
  files = packed!.files.map(({ path }) => path);
  await inProject("npm", "install", "--prefer-offline", join(project, packed!.filename));
}, 5 * minutes);

afterAll(() => rm(project, { recursive: true, force: true }));

describe("the tarball", () => {
  it("holds what is built, the images, the licences and the README, and nothing else", () => {
    const wanted = ["LICENSE", "README.md", "package.json", "dist/index.js", "dist/index.d.ts", "dist/cli/main.js"];
    expect(wanted.filter((path) => !files.includes(path))).toEqual([]);
    expect(files).toContain("data/fashion-mnist/LICENSE");
    expect(files.filter((path) => path.startsWith("data/") && path.endsWith(".gz"))).toHaveLength(4);
    expect(
      files.filter((path) => !/^(dist\/.*\.(js|d\.ts)|data\/.*|LICENSE|README\.md|package\.json)$/.test(path)),
    ).toEqual([]);
  });

  it("has a file behind every entry and command", async () => {
    const { exports, bin } = JSON.parse(await readFile("package.json", "utf8")) as {
      readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
      readonly bin: Readonly<Record<string, string>>;
    };
    const named = [...Object.values(exports).flatMap(Object.values), ...Object.values(bin)] as string[];
    expect(named.filter((path) => !files.includes(path.replace("./", "")))).toEqual([]);
  });
});

describe("in an empty project", () => {
  it("every entry can be imported", async () => {
    const { exports } = JSON.parse(await readFile("package.json", "utf8")) as { readonly exports: object };
    const names = Object.keys(exports).map((entry) => entry.replace(".", "normwise"));
    const program = names.map((name) => `console.log((await import("${name}")) && "${name}");`).join("\n");
    await writeFile(join(project, "import.js"), program);
    expect((await inProject("node", "import.js")).trim().split("\n")).toEqual(names);
  });

  it("the command runs", async () => {
    const printed = await inProject("npx", "--no-install", "normwise", "--help");
    expect(printed).toContain("reproduce");
  });

  it(
    "the README's examples compile against the types, strictly, and the first one runs and ends by itself",
    async () => {
      await cp("examples", join(project, "examples"), { recursive: true });
      const options = { strict: true, module: "NodeNext", target: "ES2023", skipLibCheck: true, types: ["node"] };
      const typeRoots = [join(home, "node_modules/@types")];
      const config = { compilerOptions: { ...options, typeRoots }, include: ["examples"] };
      await writeFile(join(project, "tsconfig.json"), JSON.stringify(config));
      await inProject("node", createRequire(import.meta.url).resolve("typescript/bin/tsc"));

      expect(await inProject("node", "examples/train-on-arrays.js")).toMatch(/epoch 8: [\d.]+ % right/);
      expect((await stat(join(project, "stripes.onnx"))).size).toBeGreaterThan(1000);
    },
    2 * minutes,
  );
});
