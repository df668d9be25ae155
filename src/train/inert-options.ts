/** Options that do nothing beside some value of another: the configuration takes their defaults only. */
export interface InertOption {
  /** The option, such as `norm.size`. */
  readonly path: readonly string[];
  /** The option that decides, and its values with which the other has an effect. */
  readonly by: readonly string[];
  readonly users: readonly unknown[];
}

const gradientDescents = ["sgd", "sgdp", "sgdc", "rotational-sgd"];
const adaptive = ["adam", "adamw", "adamp", "adamc", "rotational-adamw"];
const scaling = ["batch", "ghost", "layer", "group", "instance", "rms"];

const of = (by: string, users: readonly string[], ...paths: string[]): InertOption[] =>
  paths.map((path) => ({ path: path.split("."), by: by.split("."), users }));

const inertOptions: readonly InertOption[] = [
  ...of("optimizer", gradientDescents, "momentum"),
  ...of("optimizer", ["sgd", "sgdp", "sgdc"], "nesterov"),
  ...of("optimizer", adaptive, "beta1", "beta2", "adamEpsilon"),
  ...of("optimizer", ["sgdp", "adamp"], "projection"),
  ...of("optimizer", ["rotational-sgd", "rotational-adamw"], "sizeDecay"),
  ...of("norm.kind", ["ghost"], "norm.size"),
  ...of("norm.kind", ["group"], "norm.groups"),
  ...of("norm.kind", scaling, "norm.metric", "norm.constant", "norm.epsilon"),
  ...of("norm.kind", [...scaling, "mean-only"], "normAccumulator"),
  ...of("weightNorm.kind", ["bounded", "forced"], "weightNorm.rho"),
  ...of("weightNorm.kind", ["weight", "bounded", "forced"], "weightNorm.per"),
  ...of(
    "weightNorm.kind",
    ["weight", "bounded", "forced", "standardization"],
    "weightNorm.metric",
    "weightNorm.constant",
  ),
  ...of("precision", ["fp16", "bf16"], "overflowLimit"),
];

/** An option of a configuration that does nothing there, and why. */
export interface FoundInert {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly message: string;
}

/** The options of a configuration that are not as by default and do nothing beside the others. */
export function findInert(config: object, defaults: object): FoundInert[] {
  return inertOptions.flatMap(({ path, by, users }) => {
    const value = fieldAt(config, path);
    const decides = fieldAt(config, by);
    if (users.includes(decides) || value === fieldAt(defaults, path)) return [];
    const message = `expected ${by.join(".")} ${users.join(", ")} beside it, got ${decides}, which does not use it`;
    return [{ path, value, message }];
  });
}

const fieldAt = (value: object, path: readonly string[]): unknown =>
  path.reduce<unknown>((held, key) => (held as Record<string, unknown> | undefined)?.[key], value);
