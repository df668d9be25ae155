/** Counts items and the time that they take, lap by lap. */
export interface Stopwatch {
  start(): void;
  /** Ends a lap in which so many items were done. */
  stop(items: number): void;
  /** Items per second. */
  rate(): number;
}

/** A stopwatch at zero. */
export function stopwatch(): Stopwatch {
  let [milliseconds, done, started] = [0, 0, 0];
  return {
    start() {
      started = performance.now();
    },
    stop(items) {
      milliseconds += performance.now() - started;
      done += items;
    },
    rate: () => (1000 * done) / milliseconds,
  };
}
