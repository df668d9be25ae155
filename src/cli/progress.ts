import { SingleBar } from "cli-progress";
import type { EpochRecord, StepEvent } from "../train/index.js";

/** Shows how a training goes: a bar that redraws itself on a terminal, and a line per epoch. */
export interface Progress {
  onStep(event: StepEvent): void;
  onEpoch(record: EpochRecord): void;
  /** Clears the bar. */
  stop(): void;
}

/** Progress of one training, written to standard error. */
export function trainingProgress(
  epochs: number,
  stream: NodeJS.WriteStream = process.stderr,
  items = "images",
): Progress {
  let bar: SingleBar | undefined;
  let left = Number.POSITIVE_INFINITY;
  const draw = (event: StepEvent): void => {
    if (!stream.isTTY) return;
    if (bar === undefined) {
      const format = `  {bar} {percentage}%  epoch {epoch}/{epochs}  loss {loss}  {speed} ${items}/s  {left} left`;
      bar = new SingleBar({ stream, format, hideCursor: true, clearOnComplete: true, barsize: 20, fps: 5 });
      bar.start(event.steps, event.step);
    }
    bar.update(event.step, {
      epoch: event.epoch,
      epochs,
      loss: event.loss.toFixed(4),
      speed: event.imagesPerSecond.toFixed(0),
      left: duration(left),
    });
  };
  const started = performance.now();
  let first: number | undefined;
  return {
    onStep(event) {
      first ??= event.step - 1;
      const seconds = (performance.now() - started) / 1000;
      left = (seconds / (event.step - first)) * (event.steps - event.step);
      draw(event);
    },
    onEpoch(record) {
      bar?.stop();
      bar = undefined;
      stream.write(`${epochLine(record, epochs, left)}\n`);
    },
    stop() {
      bar?.stop();
      bar = undefined;
    },
  };
}

/** What an epoch came to, on one line. */
function epochLine(record: EpochRecord, epochs: number, secondsLeft?: number): string {
  const width = String(epochs).length;
  const parts = [
    `  epoch ${String(record.epoch).padStart(width)}/${epochs}`,
    `loss ${record.trainLoss.toFixed(4)}`,
    ...(record.validationAccuracy === undefined ? [] : [`validation ${record.validationAccuracy.toFixed(2)}%`]),
    ...(record.overflowSteps ? [`${record.overflowSteps} steps skipped`] : []),
    `${record.imagesPerSecond.toFixed(0)} images/s`,
    ...(secondsLeft === undefined || record.epoch === epochs ? [] : [`${duration(secondsLeft)} left`]),
  ];
  return parts.join("  ");
}

/** Seconds as `1 h 02 min`, `3 min 05 s` or `12 s`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, "0");
  if (whole >= 3600) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return whole >= 60 ? `${Math.floor(whole / 60)} min ${two(whole % 60)} s` : `${whole} s`;
}
