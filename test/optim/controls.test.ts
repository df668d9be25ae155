import { describe, expect, it } from "vitest";
import { InvalidArgumentError } from "../../src/core/index.js";
import { translateSchedule } from "../../src/dynamics/index.js";
import {
  type ChannelValues,
  cappedSquaredRatios,
  exactSchedule,
  median,
  type NormRecord,
  normSchedule,
  paperCorrection,
  type StepControl,
} from "../../src/optim/index.js";

const floats = (...values: number[]): Float64Array => Float64Array.from(values);

describe("median", () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[10, 9, 100], 10],
    [[7], 7],
    [[], 1],
  ])("of %o is %d", (values, middle) => expect(median(floats(...values))).toBe(middle));

  it("leaves the values in their order", () => {
    const values = floats(3, 1, 2);
    median(values);
    expect([...values]).toEqual([3, 1, 2]);
  });
});

describe("cappedSquaredRatios", () => {
  const ratios = (norms: number[], reference: number[], cap = 100) => {
    const { ratios: got, capped } = cappedSquaredRatios(norms, reference, cap);
    return [[...got], capped];
  };

  it("are squares of ratios while none is far off", () => {
    expect(ratios([2, 3, 4], [1, 1, 2])).toEqual([[4, 9, 4], 0]);
  });

  it("a channel that died in the recorded run is held at the cap times the median, and counted", () => {
    expect(ratios([1, 1, 1, 1], [1, 1, 1, 1e-20])).toEqual([[1, 1, 1, 100], 1]);
    expect(ratios([1, 1, 1, 1], [1, 1, 1, 0])).toEqual([[1, 1, 1, 100], 1]);
    expect(ratios([2, 2, 2, 2], [1, 1, 1, 0], 3)).toEqual([[4, 4, 4, 12], 1]);
  });

  it("what is no number is held there too", () => {
    expect(ratios([1, 1, 1, 0], [1, 1, 1, 0])).toEqual([[1, 1, 1, 100], 1]);
    expect(ratios([1, 1, 1, Number.NaN], [1, 1, 1, 1])).toEqual([[1, 1, 1, 100], 1]);
  });

  it("channels without a norm do not take the others' step away", () => {
    expect(ratios([0, 0, 0, 1, 1], [1, 1, 1, 1, 0.5])).toEqual([[0, 0, 0, 1, 4], 0]);
  });

  it("at the limit nothing is capped; beyond it, it is", () => {
    expect(ratios([1, 1, 10], [1, 1, 1])).toEqual([[1, 1, 100], 0]);
    expect(ratios([1, 1, 10.001], [1, 1, 1])).toEqual([[1, 1, 100], 1]);
  });

  it("stay finite where the whole layer died", () => {
    expect(ratios([1, 2], [0, 0])).toEqual([[100, 100], 2]);
  });
});

/** A record of one weight `w` with two channels: norms 1, 2 at step 0, each divided by 2 at every later step. */
const record: NormRecord = {
  steps: 8,
  at: async (step) => new Map([["w", Float32Array.from([1, 2], (norm) => norm / 2 ** step)]]),
};
const norms: ChannelValues = new Map([["w", floats(1, 1)]]);
const numbers = (values: unknown): number[] => [...(values as ChannelValues).get("w")!];

describe("paperCorrection", () => {
  it("multiplies the rate of each channel by ‖w‖² / ‖w_WD‖²", async () => {
    const control = paperCorrection(record);
    expect(numbers((await control.at(0, 0.1, norms)).rate)).toEqual([0.1, 0.1 / 4]);
    expect(numbers((await control.at(1, 0.1, norms)).rate)).toEqual([0.1 * 4, 0.1]);
    expect(control).toMatchObject({ weightDecay: 0, needsNorms: true, perChannel: true, scalesEpsilon: false });
    expect(control.epsilonScaleAfter(5)).toBe(1);
  });

  it("per epoch: looks ahead to the end of the epoch, and no further than the record", async () => {
    const control = paperCorrection(record, { granularity: { stepsPerEpoch: 3 } });
    const recordedAt = async (step: number): Promise<number> =>
      Math.log2(numbers((await control.at(step, 1, norms)).rate)[0]!) / 2;
    expect(await Promise.all([0, 1, 2, 3, 5, 6, 7].map(recordedAt))).toEqual([3, 3, 3, 6, 6, 7, 7]);
  });

  it("caps and counts, over channels and steps, and goes on counting after a resume", async () => {
    const control = paperCorrection(record, { cap: 1.5 });
    // The ratios are 1 and 1/4, the median 0.625, the limit 0.9375.
    expect(numbers((await control.at(0, 1, norms)).rate)).toEqual([0.9375, 0.25]);
    expect(control.cappedChannels).toBe(1);
    await control.at(1, 1, norms);
    expect(control.cappedChannels).toBe(2);
    control.restore(40);
    await control.at(2, 1, norms);
    expect(control.cappedChannels).toBe(41);
  });
});

describe("normSchedule", () => {
  it("scales each channel to the norm that stands for the scheduled rate", async () => {
    const control = normSchedule(record, { learningRate: 0.4 });
    const present: ChannelValues = new Map([["w", floats(3, 5)]]);
    for (const [step, scheduled] of [0.4, 0.1, 0.04].entries()) {
      const { rate, rescale } = await control.at(step, scheduled, present);
      expect(rate).toBe(0.4);
      const after = numbers(rescale).map((factor, channel) => factor * present.get("w")![channel]!);
      const target = [1, 2].map((norm) => (norm / 2 ** step) * Math.sqrt(0.4 / scheduled));
      expect(after).toEqual(target.map((norm) => expect.closeTo(norm, 12)));
    }
    expect(control).toMatchObject({ weightDecay: 0, needsNorms: true, perChannel: false, scalesEpsilon: false });
  });

  it("leaves a channel without a norm alone, and every norm at a rate of 0", async () => {
    const control = normSchedule(record, { learningRate: 0.4 });
    const present: ChannelValues = new Map([["w", floats(0, 2)]]);
    expect(numbers((await control.at(0, 0.4, present)).rescale)).toEqual([1, 1]);
    expect(await control.at(0, 0, present)).toEqual({ rate: 0 });
  });

  it("caps the squared ratio as the correction does", async () => {
    const [correction, schedule] = [
      paperCorrection(record, { cap: 1.5 }),
      normSchedule(record, { learningRate: 1, cap: 1.5 }),
    ];
    const rates = numbers((await correction.at(0, 1, norms)).rate);
    const factors = numbers((await schedule.at(0, 1, norms)).rescale);
    // A norm scaled by c at rate η is a norm as it is at rate η/c².
    expect(factors.map((factor) => factor ** -2)).toEqual(rates.map((rate) => expect.closeTo(rate, 12)));
    expect(schedule.cappedChannels).toBe(correction.cappedChannels);
  });
});

describe("exactSchedule", () => {
  const options = { rates: [0.1, 0.1, 0.05, 0.05, 0.05], momentum: 0.9, weightDecay: 0.02 };
  const translated = translateSchedule(options);

  it("gives the translated rates, and lets ε follow the norm's square", async () => {
    const control = exactSchedule(translated);
    for (const step of options.rates.keys()) {
      const directive = await control.at(step, options.rates[step]!, undefined);
      expect(directive.rate).toBe(translated.learningRate[step]);
      expect(directive.rescale).toBeUndefined();
      expect(directive.epsilonScale).toBeCloseTo(translated.normRatio[step]! ** 2, 14);
    }
    expect(control.epsilonScaleAfter(5)).toBeCloseTo(translated.normRatio[5]! ** 2, 14);
    expect(control).toMatchObject({ weightDecay: 0, needsNorms: false, perChannel: false, scalesEpsilon: true });
  });

  it("keeps ε where it is, if asked", async () => {
    const control = exactSchedule(translated, { followEpsilon: false });
    expect(await control.at(2, 0.05, undefined)).toEqual({ rate: translated.learningRate[2] });
    expect(control).toMatchObject({ scalesEpsilon: false });
    expect(control.epsilonScaleAfter(5)).toBe(1);
  });

  it("divides the weights by the factor of a rescaling, before its step", async () => {
    const control = exactSchedule({
      learningRate: [1, 1, 1],
      normRatio: [1, 8, 1, 2],
      rescaleEvents: [{ step: 2, factor: 16 }],
    });
    const rescales = await Promise.all([0, 1, 2].map(async (step) => (await control.at(step, 1, undefined)).rescale));
    expect(rescales).toEqual([undefined, undefined, 1 / 16]);
  });

  it("carries the decay that the schedule was made for", () => {
    const toDecay = translateSchedule({ ...options, toWeightDecay: 0.01 });
    expect(exactSchedule(toDecay, { weightDecay: 0.01 }).weightDecay).toBe(0.01);
  });
});

describe("wrong input", () => {
  it.each<[string, () => StepControl, string]>([
    ["a cap below 1", () => paperCorrection(record, { cap: 0.5 }), "paperCorrection: expected a cap ≥ 1, got 0.5"],
    [
      "a cap below 1",
      () => normSchedule(record, { learningRate: 1, cap: 0 }),
      "normSchedule: expected a cap ≥ 1, got 0",
    ],
    ["no rate", () => normSchedule(record, { learningRate: 0 }), "normSchedule: expected a learning rate > 0, got 0"],
  ])("%s", (_, attempt, message) => {
    expect(attempt).toThrow(InvalidArgumentError);
    expect(attempt).toThrow(message);
  });
});
