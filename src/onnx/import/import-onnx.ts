import { DataError, expectation, isFloating, NormwiseError, sizeOf } from "../../core/index.js";
import { cast, type Scope, type Value } from "../../graph/index.js";
import { Call, type ImportContext, type Result, type Rule } from "./call.js";
import { Declarations } from "./declarations.js";
import { HostBudget } from "./host/host-budget.js";
import { hostRules } from "./host/index.js";
import type { ImportedGraph, ImportOptions } from "./imported-graph.js";
import { NotFollowed } from "./not-followed.js";
import type { OnnxFile, OnnxNode } from "./onnx-file.js";
import { freeSizes, opaqueOutputs } from "./opaque.js";
import { isStored, isValue, type Operand } from "./operand.js";
import { operators } from "./operators/index.js";
import { recoveredNames } from "./parameter-names.js";
import { trainableNames } from "./trainable.js";
import { UnknownNodes } from "./unknown-nodes.js";

/** What may be computed from a file while it is imported: this many bytes, and more for a large file. */
const freeBytes = 64 * 2 ** 20;

/**
 * Puts a file's model into the graph of a scope. What depends on sizes alone is computed at once, so all shapes are those
 * that the given inputs lead to. Tensors of the file become parameters of the scope under the names they have there, running
 * statistics become buffers. In training mode batch-norms use the batch's statistics and give the buffers their `next`;
 * dropout is left out in either mode, so that a step is deterministic. All floating-point types are float32.
 *
 * @throws DataError if an input is missing or a node does not fit what it is given, and for operators that are not known
 *   unless `options.unknown` is `opaque`.
 * @example
 * const { outputs } = importOnnx(file, scope, { inputs: { input: graph.input("images", [8, 3, 224, 224]) } });
 */
export function importOnnx(file: OnnxFile, scope: Scope, options: ImportOptions): ImportedGraph {
  return new Importer(file, scope, options).run();
}

const ruleOf = (rules: Readonly<Record<string, Rule | undefined>>, operator: string): Rule | undefined =>
  Object.hasOwn(rules, operator) ? rules[operator] : undefined;

class Importer {
  readonly #known = new Map<string, Operand>();
  /** Why there is nothing for a name. */
  readonly #absent: Map<string, string>;
  readonly #origins = new Map<Value, OnnxNode>();
  /** Names of what an unknown operator gives, and of all that depends on it, be it by its size. */
  readonly #clouded = new Set<string>();
  readonly #unknown = new UnknownNodes();
  readonly #context: ImportContext;
  readonly #sizes: ReadonlyMap<string, number>;

  constructor(
    private readonly file: OnnxFile,
    private readonly scope: Scope,
    private readonly options: ImportOptions,
  ) {
    const bytes = [...file.initializers.values()].reduce((sum, { shape }) => sum + 8 * sizeOf(shape), freeBytes);
    this.#context = {
      scope,
      opset: file.opset,
      declarations: new Declarations(scope, options),
      budget: new HostBudget(bytes),
      trainable: trainableNames(file),
      batchNorms: [],
      batchNorm: options.batchNorm,
    };
    this.#sizes = freeSizes(file, options.inputs);
    this.#absent = new Map(file.unreadable);
  }

  run(): ImportedGraph {
    const { file, options } = this;
    for (const { name } of file.inputs) this.#known.set(name, this.#input(name));
    const names = recoveredNames(file);
    for (const [name, initializer] of file.initializers) {
      this.#known.set(name, { name: names.get(name) ?? name, initializer });
    }
    for (const node of file.nodes) this.#add(node);
    if (options.unknown !== "opaque") this.#unknown.requireNone();
    return {
      file,
      outputs: Object.fromEntries(file.outputs.flatMap(({ name }) => this.#output(name).map((value) => [name, value]))),
      origins: this.#origins,
      batchNorms: this.#context.batchNorms,
      unknown: this.#unknown.list(),
      sources: this.#context.declarations.sources,
    };
  }

  #input(name: string): Value {
    const { inputs } = this.options;
    if (!Object.hasOwn(inputs, name)) {
      const got = Object.keys(inputs).join(", ") || "none";
      throw new DataError(
        expectation("importOnnx", `a value for the input ${name}`, got, "give one for each of the file's inputs"),
      );
    }
    const value = inputs[name]!;
    return isFloating(value.dtype) ? cast(value, "float32") : value;
  }

  /** The value of an output; none if it could not be followed. */
  #output(name: string): Value[] {
    const operand = this.#known.get(name);
    if (!operand) return [];
    if (isValue(operand)) return [operand];
    const node: OnnxNode = { name, operator: "output", domain: "", inputs: [name], outputs: [], attributes: new Map() };
    return [new Call(this.#context, node, [operand]).value(0)];
  }

  #add(node: OnnxNode): void {
    const { graph } = this.scope;
    const operands = node.inputs.map((name) => this.#known.get(name));
    let clouded = node.inputs.some((name) => this.#clouded.has(name));
    const call = new Call(this.#context, node, operands);
    const first = graph.values.length;
    let result: Result;
    try {
      result = this.#follow(call);
    } catch (error) {
      if (!(error instanceof NormwiseError)) throw error;
      if (!clouded && !(error instanceof NotFollowed)) throw this.#explained(call, error);
      this.#unknown.add(node, error instanceof NotFollowed ? error.message : undefined, clouded);
      const inputs = operands.flatMap((operand, place) =>
        operand && !(isStored(operand) && !isFloating(operand.initializer.dtype)) ? [call.value(place)] : [],
      );
      result = opaqueOutputs(graph, this.file, node, inputs, this.#sizes);
      clouded = true;
    }
    this.#keep(node, result);
    for (const value of graph.values.slice(first)) this.#origins.set(value, node);
    if (clouded) for (const name of node.outputs) this.#clouded.add(name);
  }

  /** What the operator's rule makes of a node: elements where all inputs are known and there is a way, else values. */
  #follow(call: Call): Result {
    const { domain, operator, inputs } = call.node;
    const missing = inputs.find((name) => name !== "" && !this.#known.has(name));
    if (missing !== undefined) throw new NotFollowed(`input ${missing} is ${this.#absent.get(missing)}`);
    const host = domain === "" && call.isKnown ? ruleOf(hostRules, operator) : undefined;
    if (host) return host(call);
    const rule = domain === "" ? ruleOf(operators, operator) : undefined;
    if (!rule) throw new NotFollowed("");
    return rule(call);
  }

  #keep(node: OnnxNode, result: Result): void {
    const results: readonly (Operand | undefined)[] = Array.isArray(result) ? result : [result as Operand];
    for (const [place, name] of node.outputs.entries()) {
      const operand = results[place];
      if (name === "") continue;
      if (!operand) this.#absent.set(name, `output ${place} of ${node.operator}, which is not followed`);
      else this.#known.set(name, isValue(operand) && isFloating(operand.dtype) ? this.scope.stored(operand) : operand);
    }
  }

  /** An error of a rule as one of the file, with what may have led to it. */
  #explained({ where }: Call, error: NormwiseError): DataError {
    const odd = this.file.inputs.find(({ name, shape }) =>
      shape?.some((size, axis) => typeof size === "number" && size !== this.options.inputs[name]?.shape[axis]),
    );
    const hint =
      odd &&
      `; the file states [${odd.shape}] for ${odd.name}, and [${this.options.inputs[odd.name]?.shape}] is given: give that, or export with these sizes free (dynamic_axes)`;
    return new DataError(`${where}: ${error.message}${hint ?? ""}`, { cause: error });
  }
}
