import { posix } from "node:path";
import ts from "typescript";

/** The rooms of `src/` and the rooms that each may import: the table of docs/architecture.md. */
export const rooms = {
  core: [],
  graph: ["core"],
  reference: ["graph", "core"],
  onnx: ["graph", "core"],
  runtime: ["onnx", "graph", "core"],
  norm: ["graph", "core"],
  nn: ["norm", "graph", "core"],
  optim: ["graph", "core"],
  dynamics: ["graph", "core"],
  models: ["nn", "norm", "graph", "core"],
  data: ["core"],
  io: ["core"],
  foreign: ["io", "dynamics", "norm", "nn", "runtime", "onnx", "graph", "core"],
  train: ["foreign", "io", "data", "models", "dynamics", "optim", "nn", "norm", "runtime", "onnx", "graph", "core"],
  report: ["dynamics", "io", "core"],
  experiments: [
    ...[
      "report",
      "train",
      "foreign",
      "io",
      "data",
      "models",
      "dynamics",
      "optim",
      "nn",
      "norm",
      "runtime",
      "onnx",
      "reference",
    ],
    ...["graph", "core"],
  ],
  cli: "everything",
} as const satisfies Record<string, readonly string[] | "everything">;

/** Folders, in any room, whose files may use what only Node has. All other files run in a browser too. */
const nodeFolders = ["node", "files", "threads"];
/** The only files that may name ONNX Runtime's packages. */
const runtimeFolders = /^src\/runtime\/(node|web)\//;
/** The public entries, which gather from every room. */
const entries = ["src/index.ts", "src/node.ts"];
const mostLines = 300;

/** Whether a file of `src/` may use what only Node has. */
export function isForNode(path: string): boolean {
  const [, ...folders] = posix.dirname(path).split("/");
  return path === "src/node.ts" || folders[0] === "cli" || folders.some((folder) => nodeFolders.includes(folder));
}

/**
 * What a file of `src/` does against the layout, each as a sentence; empty if nothing.
 *
 * @param path From the repository's root, with slashes.
 */
export function breaches(path: string, text: string): string[] {
  const { imports, texts, hasDefault } = read(path, text);
  const found = imports.flatMap((target) => importBreaches(path, target));
  for (const name of texts.filter((each) => /^onnxruntime-/.test(each))) {
    if (!runtimeFolders.test(path)) found.push(`names ${name}, which only src/runtime/node and src/runtime/web may`);
  }
  if (hasDefault) found.push("has a default export");
  if (/(^|\/)util(s|ities)?\.ts$/.test(path)) found.push("is called utils: name it for what it holds");
  const lines = text.split("\n").length - 1;
  if (lines > mostLines && !path.endsWith("_pb.ts")) found.push(`has ${lines} lines, more than ${mostLines}`);
  return found.map((breach) => `${path} ${breach}`);
}

function importBreaches(path: string, target: string): string[] {
  if (!target.startsWith(".")) {
    const ofNode = target.startsWith("node:") || isNodeBuiltin(target);
    return ofNode && !isForNode(path) ? [`imports ${target}, but is to run in a browser`] : [];
  }
  if (!target.endsWith(".js")) return [`imports ${target} without .js`];
  const file = posix.join(posix.dirname(path), target).replace(/\.js$/, ".ts");
  const found: string[] = [];
  const [from, to] = [roomOf(path), roomOf(file)];
  const allowed = from === undefined ? "everything" : rooms[from];
  if (to === undefined) {
    if (from !== "cli") found.push(`imports ${file}, which is no room`);
  } else if (from !== to && allowed !== "everything" && !(allowed as readonly string[]).includes(to)) {
    found.push(`imports ${file}: ${from} may not import ${to}`);
  }
  if (isForNode(file) && !isForNode(path)) found.push(`imports ${file}, which needs Node, but is to run in a browser`);
  return found;
}

/** The room of a file; undefined for the public entries. */
function roomOf(path: string): keyof typeof rooms | undefined {
  if (entries.includes(path)) return undefined;
  const [source, room] = path.split("/");
  if (source !== "src" || room === undefined || !Object.hasOwn(rooms, room)) {
    throw new Error(`${path}: expected a file in a room of src/ (${Object.keys(rooms).join(", ")})`);
  }
  return room as keyof typeof rooms;
}

const builtins = new Set([
  "fs",
  "path",
  "os",
  "url",
  "util",
  "stream",
  "crypto",
  "worker_threads",
  "module",
  "process",
]);
const isNodeBuiltin = (target: string): boolean => builtins.has(target.split("/")[0]!);

interface Facts {
  /** What `import`, `export … from`, `import()` and `import("…").Type` name. */
  readonly imports: readonly string[];
  /** All string literals. */
  readonly texts: readonly string[];
  readonly hasDefault: boolean;
}

function read(path: string, text: string): Facts {
  const imports: string[] = [];
  const texts: string[] = [];
  let hasDefault = false;
  const named = (node: ts.Node | undefined): void => {
    if (node && ts.isStringLiteralLike(node)) imports.push(node.text);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) texts.push(node.text);
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) named(node.moduleSpecifier);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) named(node.arguments[0]);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) named(node.argument.literal);
    if (ts.isExportAssignment(node) || node.kind === ts.SyntaxKind.DefaultKeyword) {
      hasDefault ||= !ts.isDefaultClause(node);
    }
    if (ts.isExportSpecifier(node) && node.name.text === "default") hasDefault = true;
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return { imports, texts, hasDefault };
}
