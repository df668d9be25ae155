import { assertArgument, DataError, expectation } from "../../core/index.js";
import {
  groupNorms,
  groupSize,
  groupSquaredChords,
  isInvariantAlone,
  persistence,
  rotationPerStep,
  squaredWalk,
  type WeightTensor,
} from "../../dynamics/index.js";
import { spreadOf } from "../spread-of.js";
import type { StoredWeight } from "../weights/stored-weight.js";
import { tracePoint } from "./trace-point.js";
import type { TracedWeight, TraceNumbers, WeightTrace } from "./weight-trace.js";

/** The weights after some step of a training. */
export interface TraceCheckpoint {
  /** Steps taken. */
  readonly step: number;
  /** What names it in error messages, such as its path. */
  readonly label: string;
  readonly weights: ReadonlyMap<string, StoredWeight>;
}

/** Squared walks of all channels from one checkpoint to a later one. */
interface Span {
  readonly steps: number;
  readonly walks: Float64Array;
}

/**
 * Norms, effective rates and rotations of a weight over a series of checkpoints. Three of its tensors are held at a time.
 *
 * @param checkpoints At least one, in the order of their steps.
 * @throws InvalidArgumentError if the steps do not increase.
 * @throws DataError if a checkpoint lacks the weight, or has it in another shape.
 */
export async function traceCheckpoints(
  checkpoints: readonly TraceCheckpoint[],
  traced: TracedWeight,
  numbers: TraceNumbers,
): Promise<WeightTrace> {
  checkSteps(checkpoints);
  const stored = checkpoints.map((checkpoint) => storedIn(checkpoint, traced.name));
  const shape = stored[0]!.shape;
  stored.forEach((each, i) => {
    if (each.shape.join() === shape.join()) return;
    throw new DataError(
      expectation(`${checkpoints[i]!.label}: ${traced.name}`, `shape [${shape}], as before`, each.shape),
    );
  });
  const norms: Float64Array[] = [];
  const single: Span[] = []; // to each checkpoint from the one before
  const double: Span[] = []; // and from the one before that
  let held: WeightTensor[] = [];
  for (const [i, each] of stored.entries()) {
    const tensor = await each.read();
    norms.push(groupNorms(tensor, traced));
    const span = (back: number): Span => ({
      steps: checkpoints[i]!.step - checkpoints[i - back]!.step,
      walks: groupSquaredChords(held[held.length - back]!, tensor, traced).map(squaredWalk),
    });
    if (i >= 1) single.push(span(1));
    if (i >= 2) double.push(span(2));
    held = [...held.slice(-1), tensor];
  }
  const size = groupSize(shape, traced);
  const alike = persistences(single, double, numbers);
  const points = checkpoints.map(({ step }, i) => {
    const last = i === checkpoints.length - 1 && i > 0;
    const measured = {
      step,
      norms: norms[i]!,
      invariant: isInvariantAlone(traced),
      rate: numbers.rateAt(last ? step - 1 : step),
    };
    const span = single[i - 1];
    if (span === undefined) return tracePoint(measured, numbers);
    const { steps, walks } = span;
    // Cosines of random directions have the spread 1/√n, their median over channels about 1.25/√(nC); three of these are told.
    const forgotten = spreadOf(walks).median > Math.log((size * walks.length) / 14);
    const known = alike[i - 1];
    const moved = {
      ...measured,
      steps,
      firstStep: step - steps,
      ...(known === undefined ? {} : { persistence: known }),
    };
    if (forgotten) return tracePoint(moved, numbers);
    return tracePoint(
      { ...moved, rotations: walks.map((walk) => rotationPerStep({ walk, steps }, numbers, known)) },
      numbers,
    );
  });
  return {
    name: traced.name,
    shape,
    invariance: traced.invariance,
    guessed: traced.guessed,
    channels: norms[0]!.length,
    points,
  };
}

/** The persistence around each move: the mean of what the moves before and after it tell, where there are any. */
function persistences(single: readonly Span[], double: readonly Span[], numbers: TraceNumbers): (number | undefined)[] {
  const moves = single.map(({ steps, walks }) => ({ steps, walk: spreadOf(walks).median }));
  const pairs = double.map(({ walks }, i) => persistence(moves[i]!, moves[i + 1]!, spreadOf(walks).median, numbers));
  return moves.map((_, i) => {
    const near = [pairs[i - 1], pairs[i]].filter((value) => value !== undefined && Number.isFinite(value));
    return near.length === 0 ? undefined : near.reduce((sum, value) => sum! + value!, 0)! / near.length;
  });
}

function checkSteps(checkpoints: readonly TraceCheckpoint[]): void {
  assertArgument(checkpoints.length > 0, "trace", "at least one checkpoint", checkpoints.length);
  for (const [i, { step, label }] of checkpoints.entries()) {
    const before = checkpoints[i - 1];
    assertArgument(
      Number.isInteger(step) && step >= 0 && (before === undefined || step > before.step),
      "trace",
      `checkpoints in the order of their steps, each of a step of its own`,
      `${label} at step ${step}${before === undefined ? "" : ` after ${before.label} at step ${before.step}`}`,
      "say with --steps or --every which steps they are of",
    );
  }
}

function storedIn({ label, weights }: TraceCheckpoint, name: string): StoredWeight {
  const stored = weights.get(name);
  if (stored === undefined) {
    throw new DataError(expectation(label, `a tensor ${name}, as the first checkpoint has`, "none"));
  }
  return stored;
}
