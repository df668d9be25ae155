import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/core/index.js";
import { type AskNext, beamSearch, reserved } from "../../src/models/index.js";

const vocabulary = 5; // pad, start, end and two words
const words = [3, 4];

/** Log-probabilities of what follows a beginning: a hash of it, so that every sentence is a different problem. */
function next(problem: number, beginning: readonly number[]): number[] {
  const random = randomStream(problem, ...beginning);
  const scores = Array.from({ length: vocabulary }, (_, token) =>
    token === reserved.pad || token === reserved.start ? Number.NEGATIVE_INFINITY : 2 * random.normal(),
  );
  const sum = Math.log(scores.reduce((total, score) => total + Math.exp(score), 0));
  return scores.map((score) => score - sum);
}

/** A network for some problems, which remembers each row's beginning as a real one does in its state. */
function network(problems: readonly number[], beam: number): AskNext {
  let beginnings: number[][] = problems.flatMap(() => Array.from({ length: beam }, () => []));
  return async (tokens, parents, position) => {
    beginnings = Array.from(parents, (parent, row) => (position === 0 ? [] : [...beginnings[parent]!, tokens[row]!]));
    const found = beginnings.map((beginning, row) => {
      const logs = next(problems[Math.floor(row / beam)]!, beginning);
      return logs
        .map((log, token) => ({ log, token }))
        .sort((a, b) => b.log - a.log)
        .slice(0, beam + 1);
    });
    return {
      tokens: found.flatMap((row) => row.map(({ token }) => token)),
      logProbabilities: found.flatMap((row) => row.map(({ log }) => log)),
    };
  };
}

/** Every sentence of at most so many tokens, with its log-probability; one of full length goes without its end. */
function everything(
  problem: number,
  length: number,
  beginning: readonly number[] = [],
  log = 0,
): [number[], number, number][] {
  if (beginning.length === length) return [[[...beginning], log, length]];
  const logs = next(problem, beginning);
  return [
    [[...beginning], log + logs[reserved.end]!, beginning.length + 1],
    ...words.flatMap((word) => everything(problem, length, [...beginning, word], log + logs[word]!)),
  ];
}

const problems = Array.from({ length: 40 }, (_, problem) => problem);
const length = 4;

async function search(beam: number, lengthPenalty: number) {
  return beamSearch(network(problems, beam), { sentences: problems.length, length }, { beam, lengthPenalty });
}

describe("beamSearch", () => {
  it.each([0, 0.6, 1])(
    "as wide as there are beginnings finds the best of all sentences, penalty %f",
    async (penalty) => {
      const found = await search(words.length ** length, penalty);
      for (const [problem, { tokens, logProbability }] of found.entries()) {
        const ranked = everything(problem, length).map(([sentence, log, n]) => ({
          sentence,
          log,
          rank: log / ((5 + n) / 6) ** penalty,
        }));
        const best = ranked.reduce((a, b) => (b.rank > a.rank ? b : a));
        expect(tokens).toEqual(best.sentence);
        expect(logProbability).toBeCloseTo(best.log, 12);
      }
    },
  );

  it("with one hypothesis takes the likeliest token at each step", async () => {
    const found = await search(1, 0);
    for (const [problem, { tokens }] of found.entries()) {
      const greedy: number[] = [];
      while (greedy.length < length) {
        const logs = next(problem, greedy);
        const token = logs.indexOf(Math.max(...logs));
        if (token === reserved.end) break;
        greedy.push(token);
      }
      expect(tokens).toEqual(greedy);
    }
  });

  it("finds likelier sentences the wider it is, and greedy decoding's where they are the likeliest", async () => {
    const total = async (beam: number): Promise<number> =>
      (await search(beam, 0)).reduce((sum, { logProbability }) => sum + logProbability, 0);
    const [greedy, two, all] = [await total(1), await total(2), await total(16)];
    expect(two).toBeGreaterThan(greedy);
    expect(all).toBeGreaterThanOrEqual(two);
  });

  it("leaves rows that stand for no sentence alone, and stops asking when all are done", async () => {
    let asked = 0;
    const endless: AskNext = async (tokens) => {
      asked++;
      const each = (of: (row: number) => number[]) => Array.from(tokens, (_, row) => of(row)).flat();
      // The first sentence ends at once, the others never would.
      return { tokens: each((row) => (row === 0 ? [2, 3] : [3, 4])), logProbabilities: each(() => [-0.1, -3]) };
    };
    const found = await beamSearch(endless, { sentences: 3, real: 1, length: 50 });
    expect(found).toEqual([{ tokens: [], logProbability: -0.1 }]);
    expect(asked).toBe(1);
  });

  it("says which sentence has scores that are not numbers", async () => {
    const ask: AskNext = async (tokens) => ({
      tokens: Array.from(tokens, () => [2, 3]).flat(),
      logProbabilities: Array.from(tokens, (_, row) => (row === 1 ? [Number.NaN, Number.NaN] : [-0.1, -3])).flat(),
    });
    await expect(beamSearch(ask, { sentences: 2, length: 3 })).rejects.toThrow("got NaN in sentence 1 of the batch");
  });

  it("refuses a beam that is no count and a negative penalty", async () => {
    const ask: AskNext = async () => ({ tokens: [], logProbabilities: [] });
    await expect(beamSearch(ask, { sentences: 1, length: 1 }, { beam: 0 })).rejects.toThrow(
      "a positive integer beam, got 0",
    );
    await expect(beamSearch(ask, { sentences: 1, length: 1 }, { lengthPenalty: -1 })).rejects.toThrow(
      "penalty ≥ 0, got -1",
    );
  });
});
