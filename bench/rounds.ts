import { asks, type Engine, startEngine } from "./engines.js";
import type { Peer } from "./peer.js";

/** One configuration to measure. */
export interface Setting {
  readonly model: string;
  readonly threads: number;
  readonly batch: number;
  readonly rounds: number;
  readonly engines: readonly Engine[];
  readonly python: string | undefined;
}

/** What was measured of one engine. */
export interface Timing {
  readonly engine: Engine;
  /** Images per second of each round. */
  readonly rates: readonly number[];
  readonly peakMegabytes: number;
}

/** Seconds that an engine's turn should take: long beside the clock and the switch, short beside the machine's moods. */
const turnSeconds = 1.5;

/**
 * Measures all engines of a setting in turns, each in its own process, so that whatever else the machine does meets all
 * alike; the order turns by one each round. Two steps of warm-up come first.
 */
export async function measure(setting: Setting): Promise<Timing[]> {
  const { model, threads, batch, rounds, engines, python } = setting;
  const peers = new Map<Engine, Peer>();
  try {
    for (const engine of engines) peers.set(engine, await startEngine(engine, threads, python));
    const ask = (engine: Engine, steps: number) =>
      peers.get(engine)!.run({ model, threads, batch, steps, ...asks[engine] });

    let slowest = 0;
    for (const engine of engines) {
      await ask(engine, 1);
      slowest = Math.max(slowest, (await ask(engine, 1)).seconds);
    }
    const steps = Math.max(1, Math.round(turnSeconds / slowest));
    const timings = engines.map((engine) => ({ engine, rates: [] as number[], peakMegabytes: 0 }));
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < engines.length; turn++) {
        const timing = timings[(turn + round) % engines.length]!;
        const { seconds, peakMegabytes } = await ask(timing.engine, steps);
        timing.rates.push((batch * steps) / seconds);
        timing.peakMegabytes = Math.max(timing.peakMegabytes, peakMegabytes);
      }
    }
    return timings;
  } finally {
    for (const peer of peers.values()) peer.close();
  }
}

/** The middle value; of an even number of values the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** The median over rounds of a's rate divided by b's in the same round. */
export function pairedRatio(a: Timing, b: Timing): number {
  return median(a.rates.map((rate, round) => rate / b.rates[round]!));
}
