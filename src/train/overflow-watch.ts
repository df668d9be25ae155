import { expectation, NonFiniteError } from "../core/index.js";
import type { Tensors } from "../graph/index.js";
import { afterStep, freshOverflow, type LossScale, leastLossScale, type OverflowState } from "./overflow.js";

/** Options of {@link overflowWatch}. */
export interface OverflowOptions {
  /** 1 by default. */
  readonly lossScale?: LossScale;
  /** Steps skipped in a row that end the run; 50 by default. */
  readonly overflowLimit?: number;
}

/** Follows what half precision does to the steps of a training. */
export interface OverflowWatch {
  state: OverflowState;
  /**
   * Notes a step, counted from 0, by its outputs.
   * @param diagnose Finds the first layer that was not finite; asked if the step was skipped, and not every time.
   * @returns Whether the step was taken.
   * @throws NonFiniteError if scaling the loss cannot help any more.
   */
  note(index: number, outputs: Tensors, diagnose: () => Promise<string>): Promise<boolean>;
}

/**
 * A watch over the steps of a training, before the first.
 * @param layers The normalizations in the order of the output `badStatistics`.
 */
export function overflowWatch(layers: readonly string[], options: OverflowOptions): OverflowWatch {
  const { lossScale = 1, overflowLimit = 50 } = options;
  const watch: OverflowWatch = {
    state: freshOverflow(lossScale),
    async note(index, outputs, diagnose) {
      const taken = Number.isFinite(Number(outputs.finite!.data[0]));
      const step = index + 1;
      let next = withStatistics(afterStep(watch.state, lossScale, taken), outputs, step);
      const hopeless = !taken && (next.lossScale < leastLossScale || next.overflowsInRow >= overflowLimit);
      if (!taken && (hopeless || next.firstOverflow === undefined)) {
        const layer = await diagnose();
        if (hopeless) throw diverged(index, layer, next);
        next = { ...next, firstOverflow: { step, layer } };
      }
      watch.state = next;
      return taken;
    },
  };
  return watch;

  function withStatistics(state: OverflowState, { badStatistics }: Tensors, step: number): OverflowState {
    const flags = badStatistics ? Array.from(badStatistics.data as ArrayLike<number>, Number) : [];
    const first = flags.indexOf(1);
    if (first < 0) return state;
    return {
      ...state,
      overflowStatistics: state.overflowStatistics + flags.filter((flag) => flag === 1).length,
      firstOverflowStatistic: state.firstOverflowStatistic ?? { step, layer: layers[first]! },
    };
  }
}

function diverged(index: number, layer: string, { lossScale, overflowsInRow }: OverflowState): NonFiniteError {
  const got = `${overflowsInRow} skipped in a row up to step ${index}, at a loss scale of ${lossScale}; first not finite: ${layer}`;
  const fix = "the last checkpoint is kept; try a lower learning rate, or another loss scale";
  return new NonFiniteError(expectation("train", "steps whose loss and gradients are finite", got, fix), index, layer);
}
