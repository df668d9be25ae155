/** Along one axis, what a gradient with respect to the input is made of. */
export interface Axis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Zeros before the first element. */
  readonly padding: number;
  /** Elements of dy. */
  readonly windows: number;
  /** Elements of x. */
  readonly size: number;
}

/** The convolution that computes every so-manieth element of a gradient: with these elements of the kernel, in order. */
export interface Phase {
  readonly taps: readonly number[];
  readonly before: number;
  readonly after: number;
}

/** Elements of each phase. */
export const phaseSize = ({ size, stride }: Axis): number => Math.ceil(size / stride);

/**
 * The input gradient of a strided convolution, dx[s·i + p] = Σ_a w[a] · dy[i + (p + padding − a·dilation)/s] over the
 * elements a of the kernel for which that is an integer, is for each phase p = 0 … s − 1 a convolution of dy without
 * stride. A phase without elements is undefined, and zero.
 *
 * @returns `undefined` for phases that no convolution computes: for dilation and stride together, or paddings so wide or
 * so narrow that elements of dy count for none of x.
 */
export function phasesOf(axis: Axis): readonly (Phase | undefined)[] | undefined {
  const { kernel, stride, dilation, padding, windows } = axis;
  if (stride > 1 && dilation > 1) return undefined;
  const descending = Array.from({ length: kernel }, (_, i) => kernel - 1 - i);
  const phases = Array.from({ length: stride }, (_, phase) => {
    const taps = descending.filter((tap) => (phase + padding - tap * dilation) % stride === 0);
    if (taps.length === 0) return undefined;
    const before = (taps[0]! * dilation - phase - padding) / stride;
    const reach = stride === 1 ? (taps.length - 1) * dilation : taps.length - 1;
    return { taps, before, after: phaseSize(axis) + reach - windows - before };
  });
  return phases.every((phase) => phase === undefined || (phase.before >= 0 && phase.after >= 0)) ? phases : undefined;
}
