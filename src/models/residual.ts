import { assertArgument } from "../core/index.js";
import { add, type Layer, mul, relu as rectify } from "../graph/index.js";
import { constant } from "../nn/index.js";
import { type NormalizationOptions, type Parts, partsOf } from "./parts.js";

/** What residual networks let one choose of their normalization. */
export interface ResidualOptions extends NormalizationOptions {
  /**
   * Whether the last normalization of each block starts with γ = 0, so that the block starts as its shortcut (Goyal et
   * al. 2017, arXiv 1706.02677, section 5.1); false by default. A `norm` of one's own must hand its place on.
   */
  readonly zeroGamma?: boolean;
  /**
   * What a learned factor of each residual branch starts as, or `"none"` for no factor. By default 0 where `norm` is
   * `"none"` or leaves the scale as it is (a mean-only batch-norm), no factor otherwise.
   *
   * Each block adds its branch to its input. A normalized branch has variance 1 however large its input is, so that the
   * variance grows by 1 a block; without normalization a branch has the variance of its input, which doubles with every
   * block. A factor that starts at 0 makes every block start as its shortcut (SkipInit: De & Smith 2020, arXiv
   * 2002.10444): in the first step only the factors, not the branches, have gradients. One of 1/√blocks bounds the
   * variance too, by e. Weight norms bound the weights, not this growth. A mean-only batch-norm behind
   * each reparametrized convolution, as Salimans & Kingma 2016 and the published code of Hoffer et al. 2018 have it,
   * slows it only: the variance grows by about a half with every block.
   */
  readonly branchScale?: number | "none";
}

/** Makes the layers and blocks of one residual network. */
export interface ResidualParts extends Parts {
  /** The normalization at the end of a block's branch. */
  lastNorm(name: string): Readonly<Record<string, Layer>>;
  /** ReLU(α branch(x) + shortcut(x)); the shortcut's names are under `downsample`, α is `branch_scale`, [1]. */
  block(kind: string, branch: Layer, shortcut: Layer): Layer;
}

/**
 * The layers and blocks that residual networks with these options are made of.
 *
 * @throws InvalidArgumentError for `zeroGamma` without normalizations, or a factor that is not finite.
 */
export function residualPartsOf(where: string, options: ResidualOptions): ResidualParts {
  const { norm, zeroGamma = false, branchScale = bounded(options) ? "none" : 0 } = options;
  assertArgument(
    !(zeroGamma && norm === "none"),
    where,
    "normalizations where zeroGamma is true",
    'norm "none"',
    "use branchScale: 0",
  );
  assertArgument(
    branchScale === "none" || Number.isFinite(branchScale),
    where,
    'a finite branchScale or "none"',
    branchScale,
  );
  const parts = partsOf(options);
  return {
    ...parts,
    lastNorm: (name) => parts.norm(name, zeroGamma ? { initialGain: 0 } : {}),
    block: (kind, branch, shortcut) => ({
      kind,
      apply(x, scope) {
        const inside = branch.apply(x, scope.enclosed());
        const added =
          branchScale === "none"
            ? inside
            : mul(inside, scope.stored(scope.parameter("branch_scale", [1], constant(branchScale), "gain")));
        return rectify(add(added, shortcut.apply(x, scope.child("downsample"))));
      },
    }),
  };
}

/** Whether a branch has the same variance whatever that of its input is. */
const bounded = ({ norm }: ResidualOptions): boolean => {
  if (norm === undefined || norm === "none") return norm === undefined;
  return ["channel", "tensor"].includes(norm({}).scale ?? "");
};
