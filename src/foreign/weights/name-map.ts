import { type Shape, sameShape } from "../../core/index.js";

/** What a name map needs to know of a tensor. */
export interface NamedShape {
  readonly name: string;
  readonly shape: Shape;
}

/** Where the tensor of a name comes from. */
export interface NameMatch {
  /** Its name in the other set. */
  readonly from: string;
  /** Whether it is stored there with its two axes exchanged. */
  readonly transposed: boolean;
  /** Whether only shape and place say that it is the same, not the name. */
  readonly guessed: boolean;
}

/** How the tensors of one set stand for those of another. */
export interface NameMap {
  /** By the wanted names. */
  readonly matches: ReadonlyMap<string, NameMatch>;
  /** Wanted names that nothing stands for. */
  readonly missing: readonly string[];
  /** Names that stand for nothing. */
  readonly unexpected: readonly string[];
  /** Names that fit where shapes do not. */
  readonly misshaped: readonly { readonly name: string; readonly wanted: Shape; readonly got: Shape }[];
}

/**
 * Finds which tensor of one set stands for which of another, whatever wrote the two: PyTorch (also through
 * `DataParallel`, `compile` or a Lightning module, which put `module.`, `_orig_mod.` or `model.` before names), its weight
 * normalization by either name (`weight_g` or `parametrizations.weight.original0`), an ONNX export, Normwise. It goes either way.
 *
 * 1. The same name, once such prefixes and ways of writing are taken off, in the same shape or, of a matrix, the transposed
 *    one; PyTorch's counters `num_batches_tracked` are left out.
 * 2. What an exporter has renamed, as `onnx::MatMul_123` is a linear layer's weight transposed and `onnx::Conv_123` a
 *    convolution's: the tensor of that shape that is left, if the two sets have as many of it left; in order, and marked as guessed.
 *
 * @param wanted The tensors to find.
 * @param given Those to find them among.
 */
export function nameMap(wanted: readonly NamedShape[], given: readonly NamedShape[]): NameMap {
  const matches = new Map<string, NameMatch>();
  const misshaped: NameMap["misshaped"][number][] = [];
  const counted = given.filter(({ name }) => !isCounter(name));
  const [plainWanted, plainGiven] = [plainNames(wanted), plainNames(counted)];
  const byName = new Map(counted.map((each) => [each.name, each]));
  const byPlain = new Map(counted.map((each) => [plainGiven.get(each.name)!, each]));
  const left = new Set(counted);
  let unmatched: NamedShape[] = [];
  for (const { name, shape } of wanted) {
    const found = byName.get(name) ?? byPlain.get(plainWanted.get(name)!);
    if (found === undefined) {
      if (!isCounter(name)) unmatched.push({ name, shape });
      continue;
    }
    left.delete(found);
    const transposed = !sameShape(found.shape, shape);
    const fits = !transposed || (shape.length === 2 && sameShape([...found.shape].reverse(), shape));
    if (fits) matches.set(name, { from: found.name, transposed, guessed: false });
    else misshaped.push({ name, wanted: shape, got: found.shape });
  }
  unmatched = guessRenamed(unmatched, left, matches);
  return {
    matches,
    missing: unmatched.map(({ name }) => name),
    unexpected: [...left].map(({ name }) => name),
    misshaped,
  };
}

/** The name of an exporter, which says nothing but the operator. */
const renamed = /^(onnx::\w+?_\d+|\d+)$/;

/** Matches renamed tensors of either set by shape where that leaves no choice but the order; returns what is left of `unmatched`. */
function guessRenamed(
  unmatched: readonly NamedShape[],
  left: Set<NamedShape>,
  matches: Map<string, NameMatch>,
): NamedShape[] {
  let rest = [...unmatched];
  for (const transposed of [false, true]) {
    // Of one dimension, or square, a transposed weight and another one look alike: the name must tell of a MatMul.
    const isExported = ({ name, shape }: NamedShape): boolean =>
      renamed.test(name) && (transposed ? shape.length === 2 : !/MatMul/.test(name));
    const key = ({ shape }: NamedShape): string => (transposed ? [...shape].reverse() : shape).join();
    for (const ofGiven of [true, false]) {
      const wanted = rest.filter((each) => (ofGiven ? !renamed.test(each.name) : isExported(each)));
      const given = [...left].filter((each) => (ofGiven ? isExported(each) : !renamed.test(each.name)));
      for (const group of grouped(wanted, ({ shape }) => shape.join()).values()) {
        const fitting = given.filter((each) => key(each) === group[0]!.shape.join());
        if (fitting.length !== group.length) continue;
        const pairs = ofGiven ? [group, fitting.sort(byNumber)] : [group.sort(byNumber), fitting];
        pairs[0]!.forEach(({ name }, i) => {
          matches.set(name, { from: pairs[1]![i]!.name, transposed, guessed: true });
          left.delete(pairs[1]![i]!);
        });
        rest = rest.filter((each) => !group.includes(each));
      }
    }
  }
  return rest;
}

/** Names without the prefixes that all of a set share and the ways in which the same tensor is written. */
function plainNames(tensors: readonly NamedShape[]): Map<string, string> {
  const plain = new Map(tensors.map(({ name }) => [name, canonical(name)]));
  // A prefix is taken off only if all have it: a network may have a part called `model`.
  for (;;) {
    const own = [...plain].filter(([name]) => !isCounter(name) && !renamed.test(name));
    const prefix = /^(module|_orig_mod|model|net|network|state_dict)\./.exec(own[0]?.[1] ?? "")?.[0];
    if (prefix === undefined || !own.every(([, text]) => text.startsWith(prefix))) return plain;
    for (const [name, text] of own) plain.set(name, text.slice(prefix.length));
  }
}

/** `compile` and `DataParallel` also put their prefix inside names; parametrized weight norm has two spellings. */
function canonical(name: string): string {
  return name
    .replaceAll(/(^|\.)(_orig_mod|module)\./g, "$1")
    .replace(/\.parametrizations\.(\w+)\.original0$/, ".$1_g")
    .replace(/\.parametrizations\.(\w+)\.original1$/, ".$1_v");
}

const isCounter = (name: string): boolean => /(^|\.)num_batches_tracked$/.test(name);

const byNumber = (a: NamedShape, b: NamedShape): number =>
  Number(/\d+$/.exec(a.name)![0]) - Number(/\d+$/.exec(b.name)![0]);

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
