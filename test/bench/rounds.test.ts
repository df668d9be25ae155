import { expect, test } from "vitest";
import type { Contest, Contestant } from "../../bench/contests.js";
import type { Ask, Peer, Taken } from "../../bench/peer.js";
import { resultLine, resultRows } from "../../bench/result.js";
import { measure } from "../../bench/rounds.js";

const pace = { rounds: 3, turnSeconds: 1, warmSeconds: 2 };

/** Seconds that a step of a fake engine takes. */
const stepSeconds: Readonly<Record<string, number>> = {
  "vgg11/normwise": 0.5,
  "vgg11/normwise-measuring": 0.51,
  "vgg11/torch": 0.4,
  "vgg11/torch-channels-last": 0.2,
  "vgg11-l1/normwise": 0.55,
};

function fakePeers(parameters: Readonly<Record<string, number>> = {}): {
  readonly asked: string[];
  readonly closed: string[];
  start(contestant: Contestant): Promise<Peer>;
} {
  const [asked, closed] = [[] as string[], [] as string[]];
  return {
    asked,
    closed,
    async start({ model, engine }) {
      const name = `${model}/${engine}`;
      let processorSeconds = 0;
      return {
        versions: {},
        async run({ steps, warmSteps, ...ask }: Ask): Promise<Taken> {
          expect(ask.channelsLast).toBe(engine === "torch-channels-last" ? true : undefined);
          asked.push(`${name} ${warmSteps}+${steps}`);
          processorSeconds += (steps + warmSteps) * stepSeconds[name]!;
          const own = engine.startsWith("normwise") ? { creationMilliseconds: 80.4 } : {};
          const count = parameters[name] ?? 1000;
          return {
            seconds: steps * stepSeconds[name]!,
            peakMegabytes: 700.6,
            processorSeconds,
            parameters: count,
            ...own,
          };
        },
        close: () => closed.push(name),
      };
    },
  };
}

const contestants = Object.keys(stepSeconds).map((name) => {
  const [model, engine] = name.split("/");
  return { model, engine } as Contestant;
});
const contest: Contest = { name: "vgg11", threads: 1, batch: 100, contestants };

test("each engine takes its own number of steps in a turn, behind one that is not counted, and the order turns", async () => {
  const { asked, closed, start } = fakePeers();
  await measure({ ...contest, contestants: contestants.slice(2, 4) }, { ...pace, rounds: 2 }, start);
  const turns = asked.filter((ask) => / 1\+/.test(ask));
  const round = ["vgg11/torch 1+3", "vgg11/torch-channels-last 1+5"];
  expect(turns.slice(0, 4)).toEqual([...round, ...round.toReversed()]);
  expect(closed).toHaveLength(2);
});

test("the rows of the JSON", async () => {
  const timings = await measure(contest, pace, fakePeers().start);
  const rows = resultRows(1, timings).map(({ othersBusy, ...row }) => row);
  const common = { threads: 1, batch: 100, peakMegabytes: 701, parameters: 1000 };
  const own = { ...common, creationMilliseconds: 80 };
  expect(rows).toEqual([
    {
      ...{ ...own, model: "vgg11", engine: "normwise", imagesPerSecond: 200, range: [200, 200] },
      ...{ ratioToTorch: 0.8, processorRatioToTorch: 0.8, ratioToTorchChannelsLast: 0.4 },
    },
    {
      ...{ ...own, model: "vgg11", engine: "normwise-measuring", imagesPerSecond: 196.08, range: [196.08, 196.08] },
      ...{ ratioToTorch: 0.784, processorRatioToTorch: 0.784, ratioToTorchChannelsLast: 0.392 },
      timeRatioOfMeasuring: 1.02,
    },
    { ...common, model: "vgg11", engine: "torch", imagesPerSecond: 250, range: [250, 250], ratioToTorch: 1 },
    {
      ...{ ...common, model: "vgg11", engine: "torch-channels-last", imagesPerSecond: 500, range: [500, 500] },
      ...{ ratioToTorch: 2, processorRatioToTorch: 2 },
    },
    {
      ...{ ...own, model: "vgg11-l1", engine: "normwise", imagesPerSecond: 181.82, range: [181.82, 181.82] },
      ...{ timeRatioToBase: 1.1, processorTimeRatioToBase: 1.1 },
    },
  ]);
  expect(resultLine(resultRows(1, timings).at(-1)!)).toMatch(
    /^vgg11-l1 +1 +normwise +182 +\(182–182\) +701 .*1\.100 × the time of vgg11 \(by CPU 1\.100\); ready in 80 ms$/,
  );
});

test("engines that disagree about the network are refused, and all processes are closed", async () => {
  const { closed, start } = fakePeers({ "vgg11/torch": 999 });
  await expect(measure(contest, pace, start)).rejects.toThrow(
    "vgg11: expected 1000 parameters as in normwise, got 999 in torch",
  );
  expect(closed).toHaveLength(5);
});

test("an engine's failure names it", async () => {
  const start = async (): Promise<Peer> => ({
    versions: {},
    run: () => Promise.reject(new Error("out of memory")),
    close: () => {},
  });
  await expect(measure(contest, pace, start)).rejects.toThrow("normwise on vgg11: out of memory");
});
