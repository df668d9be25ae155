import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type ArgsDef, parseArgs } from "citty";
import { describe, expect, it } from "vitest";
import { compareCommand } from "../src/cli/compare.js";
import { answer, equivalentCommand } from "../src/cli/equivalent.js";
import type { EquivalentArguments } from "../src/cli/equivalent-options.js";
import { evaluateCommand } from "../src/cli/evaluate.js";
import { exportCommand } from "../src/cli/export.js";
import { inspectCommand } from "../src/cli/inspect.js";
import { predictCommand } from "../src/cli/predict.js";
import { reproduceCommand } from "../src/cli/reproduce.js";
import { runConfigFrom } from "../src/cli/run-options.js";
import { swapCommand } from "../src/cli/swap.js";
import { traceCommand } from "../src/cli/trace.js";
import { trainCommand } from "../src/cli/train.js";
import { rejectUnknownOptions } from "../src/cli/unknown-options.js";
import { parseSchedule } from "../src/optim/index.js";
import { commandOutput } from "./support/command-output.js";
import { rooms } from "./support/layout.js";

// What the pages say of files, commands and examples, held against the repository.

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync("docs")
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const texts = new Map(pages.map((page) => [page, readFileSync(page, "utf8")]));
const readme = texts.get("README.md")!;

/** Fenced blocks of the given kind. */
function blocks(text: string, kind: string): string[] {
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, found, body]) => (found === kind ? [body!] : []));
}

/** What is in backticks and looks like a path of this repository. What is built, not kept, is left out. */
function pathsIn(text: string): string[] {
  const prose = text.replace(/^```.*?^```$/gms, "");
  const kept = /^((src|test|docs|examples|bench|scripts|data)\/(?!api\b)[\w./-]+|[\w.-]+\.(md|config\.ts))$/;
  return [...prose.matchAll(/`([^`\s]+)`/g)].map(([, path]) => path!).filter((path) => kept.test(path));
}

/** Targets of links and pictures that are files, as paths from the root. */
function linksIn(page: string, text: string): string[] {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return targets
    .filter((target) => !/^(https?:|#)/.test(target))
    .map((target) => join(dirname(page), target.replace(/#.*/, "")));
}

describe.each(pages)("%s", (page) => {
  const text = texts.get(page)!;

  it("names files that exist", () => {
    expect(pathsIn(text).filter((path) => !existsSync(path))).toEqual([]);
  });

  it("links to files that exist", () => {
    expect(linksIn(page, text).filter((path) => !existsSync(path))).toEqual([]);
  });

  it("links to headings that exist", () => {
    const slug = (heading: string): string =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} -]/gu, "")
        .replaceAll(" ", "-");
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => `#${slug(heading!)}`);
    const targets = [...text.matchAll(/\]\((#[^)]+)\)/g)].map(([, target]) => target!);
    expect(targets.filter((target) => !headings.includes(target))).toEqual([]);
  });
});

describe("the search for paths", () => {
  it("finds paths, and what is missing among them", () => {
    const found = pathsIn("`src/norm/metric.ts`, `src/gone.ts`, `README.md`, `docs/api`, `runs/a/run.json`, `x / y`");
    expect(found).toEqual(["src/norm/metric.ts", "src/gone.ts", "README.md"]);
    expect(found.filter((path) => !existsSync(path))).toEqual(["src/gone.ts"]);
    expect(linksIn("docs/a.md", "[a](b.md#c) ![d](images/e.png) [f](https://g) [h](#i)")).toEqual([
      "docs/b.md",
      "docs/images/e.png",
    ]);
  });

  it("finds many", () => {
    expect(pages.flatMap((page) => pathsIn(texts.get(page)!)).length).toBeGreaterThan(60);
    expect(pages.flatMap((page) => linksIn(page, texts.get(page)!)).length).toBeGreaterThan(8);
  });
});

const commands = {
  train: trainCommand,
  evaluate: evaluateCommand,
  predict: predictCommand,
  compare: compareCommand,
  export: exportCommand,
  reproduce: reproduceCommand,
  equivalent: equivalentCommand,
  trace: traceCommand,
  inspect: inspectCommand,
  swap: swapCommand,
};

/** A `normwise` command that a page shows: to be typed as it is, or quoted in a sentence, perhaps in part. */
interface Shown {
  readonly command: string;
  readonly whole: boolean;
}

function commandsIn(text: string): Shown[] {
  const lines = [...blocks(text, "sh"), ...blocks(text, "console")].join("\n").replaceAll("\\\n", " ").split("\n");
  const typed = lines.flatMap((line) => /^(?:\$ )?(?:npx )?normwise (.*)$/.exec(line.trim())?.[1] ?? []);
  const prose = text.replace(/^```.*?^```$/gms, "");
  const quoted = [...prose.matchAll(/`(?:npx )?normwise (\w+ [^`]+)`/g)].map(([, command]) => command!);
  return [
    ...typed.map((command) => ({ command: command.replaceAll(/\s+/g, " "), whole: true })),
    ...quoted.map((command) => ({ command: command.replaceAll(/\s+/g, " "), whole: false })),
  ];
}

/** Parses a command as the program does, without running it. */
async function check({ command, whole }: Shown): Promise<void> {
  const [name = "", ...rawArgs] = command.split(" ");
  const definition = Object.entries(commands).find(([known]) => known === name)?.[1].args as ArgsDef | undefined;
  if (definition === undefined) throw new Error(`expected one of ${Object.keys(commands).join(", ")}, got ${name}`);
  const optional = Object.entries(definition).map(([key, argument]) => [key, { ...argument, required: false }]);
  const args: Record<string, unknown> = parseArgs(rawArgs, whole ? definition : Object.fromEntries(optional));
  rejectUnknownOptions(name, definition, args);
  if (!whole) return;
  if (name === "train" && args.resume !== true) parseSchedule((await runConfigFrom(args, rawArgs)).schedule);
  const ofFiles = ["schedule-file", "from-run", "norms"].some((option) => args[option] !== undefined);
  if (name === "equivalent" && !ofFiles) answer(args as unknown as EquivalentArguments);
}

describe("commands", () => {
  const shown = pages.flatMap((page) => commandsIn(texts.get(page)!).map((one) => [page, one.command, one] as const));

  it.each(shown)("%s: normwise %s", async (_page, _command, one) => {
    await check(one);
  });

  it("are of every kind", () => {
    const kinds = shown.flatMap(([, command, { whole }]) => (whole ? [command.split(" ")[0]] : []));
    expect([...new Set(kinds)].sort()).toEqual(Object.keys(commands).sort());
  });

  it.each([
    ["train --out a --model vgg11 --rate 1", "--rate"],
    ["train --out a --model vgg12", "vgg12"],
    ["train --out a --model vgg11 --schedule stairs", "stairs"],
    ["train --model vgg11", "out"],
    ["equivalent --lr 0.1 --weight-decay 1 --steps 100", "norm ratio crosses zero"],
    ["retrain a", "got retrain"],
  ])("a wrong one is found: %s", async (command, said) => {
    await expect(check({ command, whole: true })).rejects.toThrow(said);
  });

  it("a wrong option is found in a sentence too", async () => {
    const [one] = commandsIn("With `npx normwise train --rate 1` it\ndoes.");
    await expect(check(one!)).rejects.toThrow("--rate");
  });
});

describe("shown output", () => {
  const sessions = pages.flatMap((page) => blocks(texts.get(page)!, "console"));

  it.each(sessions)("%s", async (session) => {
    const [command = "", ...shown] = session.trimEnd().split("\n");
    const rawArgs = command.split(" ").slice(4);
    expect(command).toMatch(/^\$ npx normwise equivalent /); // the one that trains nothing
    const { stdout } = await commandOutput(equivalentCommand, rawArgs);
    const lines = stdout.split("\n");
    const places = shown.filter((line) => line !== "…").map((line) => lines.indexOf(line));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it("is there", () => {
    expect(sessions.length).toBeGreaterThan(0);
  });
});

describe("examples", () => {
  const included = [...readme.matchAll(/^<!-- (examples\/[\w.-]+) -->\n\n```ts\n(.*?)^```$/gms)];

  it("are all in the README", () => {
    const files = readdirSync("examples").filter((name) => name.endsWith(".ts"));
    expect(included.map(([, path]) => path).sort()).toEqual(files.map((name) => `examples/${name}`).sort());
  });

  it.each(included.map(([, path, code]) => [path!, code!]))("%s is the file, word for word", (path, code) => {
    expect(code).toBe(readFileSync(path, "utf8"));
  });
});

it("docs/architecture.md has the table of rooms that test/layout.test.ts holds", () => {
  const rows = [...texts.get("docs/architecture.md")!.matchAll(/^\| `src\/(\w+)\/` \|.*\| ([^|]*) \|$/gm)];
  const written = Object.fromEntries(
    rows.map(([, room, allowed]) => {
      const names = allowed === "–" ? [] : allowed!.split(", ");
      return [room!, allowed === "everything" ? allowed : names.sort()];
    }),
  );
  const held = Object.entries(rooms).map(([room, allowed]) => [
    room,
    allowed === "everything" ? allowed : [...allowed].sort(),
  ]);
  expect(written).toEqual(Object.fromEntries(held));
});

it("typedoc.json documents every entry of the package", () => {
  const read = (path: string) => JSON.parse(readFileSync(path, "utf8"));
  const { exports: entries } = read("package.json") as { exports: Record<string, { default?: string }> };
  const sources = Object.values(entries).flatMap(
    ({ default: file }) => file?.replace(/^\.\/dist\/(.*)\.js$/, "src/$1.ts") ?? [],
  );
  expect([...(read("typedoc.json") as { entryPoints: string[] }).entryPoints].sort()).toEqual(sources.sort());
});
