import { expect, it } from "vitest";
import { spreadOf } from "../../src/foreign/spread-of.js";

it.each([
  ["an odd number", [5, -1, 2], { min: -1, median: 2, max: 5 }],
  ["an even number, whose median is the mean of the middle two", [4, 1, 2, 9], { min: 1, median: 3, max: 9 }],
  ["what is no number left out, as a direction that is not there", [Number.NaN, 7], { min: 7, median: 7, max: 7 }],
  ["none", [], { min: Number.NaN, median: Number.NaN, max: Number.NaN }],
])("the spread of %s", (_, values, spread) => {
  expect(spreadOf(values)).toEqual(spread);
});
