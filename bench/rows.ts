import { type Contest, type Contestant, trainingContests } from "./contests.js";
import { type Found, startEngine } from "./engines.js";
import { factsOf, type Model } from "./models.js";
import type { BenchOptions } from "./options.js";
import type { Peer } from "./peer.js";
import { type ResultRow, resultHeading, resultLine, resultRows } from "./result.js";
import { measure, type Timing } from "./rounds.js";
import { measureTfjs } from "./tfjs/measure.js";

/** Seconds of a turn, and of steps before the first. */
const [turnSeconds, warmSeconds] = [1.5, 2];

/** Measures training steps; a line for each engine as soon as its contest is over. */
export async function benchRows(
  options: BenchOptions,
  found: Found,
  say: (line: string) => void,
): Promise<{ readonly rows: readonly ResultRow[] }> {
  const { rounds } = options;
  say(`Medians of ${rounds} interleaved rounds, each engine in its own process, the others stopped meanwhile.`);
  say("of torch: the rate divided by PyTorch's; by CPU: the same per second of processor time, with one thread.");
  say("others: processors that other programs used meanwhile; above 0.1, take no number for exact.\n");
  say(resultHeading);
  const rows: ResultRow[] = [];
  for (const contest of trainingContests(options, found)) {
    const timings = await measureContest(contest, options, found, { rounds, turnSeconds, warmSeconds }, say);
    if (found.tfjs && contest.name === "resnet20" && contest.threads === 1) timings.push(...(await measureTfjs(say)));
    const measured = resultRows(contest.threads, timings);
    for (const row of measured) say(resultLine(row));
    const torch = measured.find(({ engine }) => engine === "torch");
    if (torch?.about) say(`  PyTorch: ${torch.about}; ${factsOf(torch.model).title}, batch ${torch.batch}`);
    rows.push(...measured);
  }
  return { rows };
}

/** Measures a contest; without PyTorch if that fails, as it does where torchvision is not installed. */
export async function measureContest(
  contest: Contest,
  { lowering }: Pick<BenchOptions, "lowering">,
  found: Found,
  pace: Parameters<typeof measure>[1],
  say: (line: string) => void,
): Promise<Timing[]> {
  const start = async ({ engine }: Contestant): Promise<Peer> => {
    const peer = await startEngine(engine, contest.threads, found.torch?.python);
    return { ...peer, run: (ask) => peer.run({ ...(lowering === undefined ? {} : { lowering }), ...ask }) };
  };
  try {
    return await measure(contest, pace, start);
  } catch (error) {
    const contestants = contest.contestants.filter(({ engine }) => !engine.startsWith("torch"));
    if (contestants.length === contest.contestants.length || !String(error).includes("torch")) throw error;
    say(`${contest.name as Model}: without PyTorch, since ${(error as Error).message}`);
    return measure({ ...contest, contestants }, pace, start);
  }
}
