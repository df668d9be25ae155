import { cpus } from "node:os";
import type { Contest, Contestant } from "./contests.js";
import { asks } from "./engines.js";
import type { Peer, Taken } from "./peer.js";
import { median } from "./statistics.js";

/** How long and how often is measured. */
export interface Pace {
  /** Turns of each contestant that count. */
  readonly rounds: number;
  /** Seconds that a turn should take: long beside the clock and the switch, short beside the machine's moods. */
  readonly turnSeconds: number;
  /** Seconds of steps that nobody counts, before the first round. */
  readonly warmSeconds: number;
}

/** What was measured of one contestant. */
export interface Timing extends Contestant {
  /** Images (or sentences) per second of each round. */
  readonly rates: readonly number[];
  /** Images per second of processor time in each round; with one thread, others disturb it less. */
  readonly processorRates: readonly number[];
  readonly batch: number;
  /** The last answer: peak memory and what else is known of it. */
  readonly last: Taken;
  /** Processors that others used meanwhile, the median over rounds. */
  readonly others: number;
}

/** Processors in use by others from which a round counts as disturbed. */
const disturbed = 0.1;

interface Turn {
  readonly rate: number;
  readonly processorRate: number;
  readonly others: number;
}

/**
 * Measures all contestants in turns, each in its own process, so that whatever else the machine does meets all alike; the
 * order turns by one each round. Each turn begins with a step that is not counted. A disturbed round is held again, up to
 * as many as were to be held at all, and the quietest rounds count.
 *
 * @throws Error if a contestant fails, or if two engines disagree about the number of parameters of a model.
 */
export async function measure(
  { contestants, threads, batch }: Contest,
  { rounds, turnSeconds, warmSeconds }: Pace,
  start: (contestant: Contestant) => Promise<Peer>,
): Promise<Timing[]> {
  const entrants: Entrant[] = [];
  try {
    for (const contestant of contestants) {
      const { model, engine } = contestant;
      const peer = await start(contestant);
      const ask = (warmSteps: number, steps: number): Promise<Taken> =>
        peer.run({ model, threads, batch, warmSteps, steps, ...asks[engine] }).catch((error: Error) => {
          throw new Error(`${engine} on ${model}: ${error.message}`);
        });
      entrants.push({ contestant, ask, close: () => peer.close(), steps: 1 });
      await warmUp(entrants.at(-1)!, turnSeconds, warmSeconds);
    }
    requireSameParameters(entrants);
    const held: Turn[][] = [];
    const isQuiet = (turns: readonly Turn[]): boolean => turns.every(({ others }) => others < disturbed);
    while (held.length < 2 * rounds && held.filter(isQuiet).length < rounds) {
      const turns: Turn[] = [];
      for (const shift of entrants.keys()) {
        const place = (held.length + shift) % entrants.length;
        turns[place] = await takeTurn(entrants[place]!, batch);
      }
      held.push(turns);
    }
    const kept = quietest(held, rounds);
    return entrants.map(({ contestant, last }, place) => ({
      ...contestant,
      batch,
      rates: kept.map((turns) => turns[place]!.rate),
      processorRates: kept.map((turns) => turns[place]!.processorRate),
      last: last!,
      others: median(kept.map((turns) => turns[place]!.others)),
    }));
  } finally {
    for (const { close } of entrants) close();
  }
}

interface Entrant {
  readonly contestant: Contestant;
  ask(warmSteps: number, steps: number): Promise<Taken>;
  close(): void;
  /** Steps of a turn. */
  steps: number;
  last?: Taken;
}

async function warmUp(entrant: Entrant, turnSeconds: number, warmSeconds: number): Promise<void> {
  await entrant.ask(0, 1); // also prepares
  let { seconds } = await entrant.ask(0, 1);
  const steps = Math.ceil(warmSeconds / seconds) - 1;
  if (steps > 0) seconds = (await entrant.ask(0, steps)).seconds / steps;
  entrant.steps = Math.max(1, Math.round(turnSeconds / seconds));
  entrant.last = await entrant.ask(0, 1);
}

async function takeTurn(entrant: Entrant, batch: number): Promise<Turn> {
  const { processorSeconds } = entrant.last!;
  const [busy, clock] = [busySeconds(), performance.now()];
  entrant.last = await entrant.ask(1, entrant.steps);
  const own = entrant.last.processorSeconds - processorSeconds;
  const others = (busySeconds() - busy - own) / ((performance.now() - clock) / 1000);
  return {
    rate: (batch * entrant.steps) / entrant.last.seconds,
    processorRate: (batch * (entrant.steps + 1)) / own, // with the step that the clock leaves out
    others: Math.max(0, others),
  };
}

/** Seconds that all processors together have been busy since the machine started. */
const busySeconds = (): number =>
  cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;

/** The rounds with the least disturbed turns, in the order in which they were held. */
function quietest(held: readonly Turn[][], rounds: number): readonly Turn[][] {
  const loudness = (turns: readonly Turn[]): number => Math.max(...turns.map(({ others }) => others));
  const limit = held.map(loudness).sort((a, b) => a - b)[rounds - 1]!;
  return held.filter((turns) => loudness(turns) <= limit).slice(0, rounds);
}

function requireSameParameters(entrants: readonly Entrant[]): void {
  const known = new Map<string, Entrant>();
  for (const entrant of entrants) {
    const { model, engine } = entrant.contestant;
    const first = known.get(model);
    known.set(model, first ?? entrant);
    const [ours, theirs] = [first?.last?.parameters, entrant.last?.parameters];
    if (ours === undefined || theirs === undefined || ours === theirs) continue;
    throw new Error(
      `${model}: expected ${ours} parameters as in ${first!.contestant.engine}, got ${theirs} in ${engine}`,
    );
  }
}
