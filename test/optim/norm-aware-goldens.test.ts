import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { numbersOf } from "../../src/core/index.js";
import {
  adamc,
  adamp,
  adamw,
  type Optimizer,
  rotationalAdamw,
  rotationalSgd,
  sgd,
  sgdc,
  sgdp,
  withAdaptiveClip,
} from "../../src/optim/index.js";
import { referenceRuntime } from "../../src/reference/index.js";
import { type Behind, steps, trained } from "./table/problem.js";

// Twenty steps against the papers' formulas, in PyTorch; test/goldens/optim/norm-aware.py has formulas and problem.

interface Case {
  readonly problem: Behind;
  readonly optimizer: keyof typeof makers;
  readonly options: { readonly weightDecay: number };
  readonly clip: number | null;
  /** Gradients that were clipped, counted over steps and parameters. */
  readonly clipped: number;
  /** By the cosine: how often which view of a weight was projected in. */
  readonly views: Readonly<Record<"channel" | "tensor" | "none", number>>;
  readonly parameters: Readonly<Record<string, Readonly<Record<string, number[]>>>>;
}

const peakRate = 0.1;
const makers = {
  sgd,
  adamw,
  sgdp,
  adamp,
  sgdc: (options: object) => sgdc({ ...options, peakRate }),
  adamc: (options: object) => adamc({ ...options, peakRate }),
  "rotational-sgd": rotationalSgd,
  "rotational-adamw": rotationalAdamw,
};

const path = new URL("../goldens/optim/norm-aware.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(path, "utf8")) as { readonly cases: Readonly<Record<string, Case>> };

function optimizerOf({ optimizer, options, clip }: Case): Optimizer {
  const made = makers[optimizer](options);
  return clip === null ? made : withAdaptiveClip(made, clip);
}

describe("twenty steps are those of the papers' formulas to 1e-11", () => {
  it.each(Object.entries(cases))("%s", async (_, golden) => {
    const after = await trained({
      runtime: referenceRuntime(),
      optimizer: optimizerOf(golden),
      behind: golden.problem,
    });
    for (const [step, parameters] of Object.entries(golden.parameters)) {
      for (const [name, values] of Object.entries(parameters)) {
        const got = Array.from(numbersOf(after[Number(step) - 1]![name]!));
        expect(got, `${name}, step ${step}`).toEqual(values.map((value) => expect.closeTo(value, 11)));
      }
    }
  });

  it("and the cases are different trainings, with gradients clipped in some steps and not in others", () => {
    // The cosine may find the very weights that the analysis knows.
    const others = Object.entries(cases).filter(([name]) => !name.includes("cosine"));
    const ends = others.map(([, { parameters }]) => parameters[steps]!["0.weight"]![0]!.toFixed(7));
    expect(new Set(ends).size).toBe(ends.length);
    for (const [name, { clip, clipped }] of Object.entries(cases)) {
      if (clip === null) continue;
      expect(clipped, name).toBeGreaterThan(10);
      expect(clipped, name).toBeLessThan(3 * steps);
    }
  });

  it("and every view of the cosine was taken", () => {
    const views = Object.values(cases).map((each) => each.views);
    for (const view of ["channel", "tensor", "none"] as const) {
      expect(views.reduce((sum, each) => sum + each[view], 0)).toBeGreaterThan(10);
    }
  });
});
