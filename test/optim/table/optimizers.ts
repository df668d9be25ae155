import {
  adamc,
  adamp,
  adamw,
  type GroupRule,
  named,
  type Optimizer,
  rotationalAdamw,
  rotationalSgd,
  sgd,
  sgdc,
  sgdp,
  withAdaptiveClip,
} from "../../../src/optim/index.js";

/** An optimizer of the contract table. */
export interface OptimizerRow {
  readonly name: string;
  /** With a decay of λ, and a limit of adaptive clipping where it clips. */
  make(weightDecay: number): Optimizer;
  /**
   * Numbers for a scale-invariant weight that starts c times as long, with which its direction takes the same course:
   * those of η, λ and the limit, times so much.
   */
  follow(c: number): { readonly rate?: number; readonly decay?: number; readonly clip?: number };
  /** Whether a step without decay is orthogonal to the weight. */
  readonly tangential: boolean;
  /** Whether norms stay as they were. */
  readonly keepsNorms: boolean;
}

const peakRate = 0.1;
/** ε of Adam: 0 but for divisions by 0, since it breaks the independence of the gradient's size. */
const moments = { beta1: 0.8, beta2: 0.95, epsilon: 1e-30 };
export const limit = 0.3;
/** An SGD step is as the gradient, of degree −1: η ∝ c², λ ∝ 1/c². */
const asGradients = (c: number) => ({ rate: c ** 2, decay: c ** -2 });
/** An Adam step is as long for every gradient: η ∝ c, λ ∝ 1/c. */
const asSigns = (c: number) => ({ rate: c, decay: 1 / c });
const plain = { tangential: false, keepsNorms: false };

/** Every optimizer, those that treat scale-invariant weights alike among them. */
export const optimizerRows: readonly OptimizerRow[] = [
  { name: "sgd", make: (weightDecay) => sgd({ weightDecay }), follow: asGradients, ...plain },
  { name: "adamw", make: (weightDecay) => adamw({ ...moments, weightDecay }), follow: asSigns, ...plain },
  { name: "sgdp", make: (weightDecay) => sgdp({ weightDecay }), follow: asGradients, ...plain, tangential: true },
  {
    name: "sgdp by cosine",
    make: (weightDecay) => sgdp({ weightDecay, by: "cosine" }),
    follow: asGradients,
    ...plain,
    tangential: true,
  },
  {
    name: "adamp",
    make: (weightDecay) => adamp({ ...moments, weightDecay }),
    follow: asSigns,
    ...plain,
    tangential: true,
  },
  { name: "sgdc", make: (weightDecay) => sgdc({ weightDecay, peakRate }), follow: asGradients, ...plain },
  { name: "adamc", make: (weightDecay) => adamc({ ...moments, weightDecay, peakRate }), follow: asSigns, ...plain },
  {
    name: "rotational-sgd",
    make: (weightDecay) => rotationalSgd({ weightDecay }),
    follow: () => ({}), // θ is all that counts
    tangential: false,
    keepsNorms: true,
  },
  {
    name: "rotational-sgd, fixed angle",
    make: (weightDecay) => rotationalSgd({ weightDecay, sizeDecay: 0 }),
    follow: () => ({}),
    tangential: false,
    keepsNorms: true,
  },
  {
    name: "rotational-adamw",
    make: (weightDecay) => rotationalAdamw({ ...moments, weightDecay }),
    follow: () => ({}),
    tangential: false,
    keepsNorms: true,
  },
  {
    name: "sgd, clipped adaptively",
    make: (weightDecay) => withAdaptiveClip(sgd({ weightDecay }), limit),
    follow: (c) => ({ ...asGradients(c), clip: c ** -2 }), // ‖g‖/‖w‖ is of degree −2
    ...plain,
  },
  {
    name: "adamw, clipped adaptively",
    make: (weightDecay) => withAdaptiveClip(adamw({ ...moments, weightDecay }), limit),
    follow: (c) => ({ ...asSigns(c), clip: c ** -2 }),
    ...plain,
  },
];

/** The group of the scale-invariant weight of the table's problem, when it starts c times as long. */
export function followingGroup(row: OptimizerRow, c: number, weightDecay: number): GroupRule {
  const { rate = 1, decay = 1, clip } = row.follow(c);
  return {
    name: "long",
    match: named("0.weight"),
    rateFactor: rate,
    weightDecay: weightDecay * decay,
    ...(clip === undefined ? {} : { adaptiveClip: limit * clip }),
  };
}
