import { describe, expect, test } from "vitest";
import { DataError } from "../../src/core/index.js";
import { parseScheduleFile } from "../../src/optim/index.js";

const read = (text: string) => parseScheduleFile(text, "rates.csv");

describe("a schedule is read from", () => {
  test.each([
    ["a column", "0\n0.05\n1e-1\n"],
    ["a column under a header", "lr\n0\n0.05\n0.1"],
    ["steps from 0", "0,0\n1,0.05\n2,0.1\n"],
    [
      "steps from 1, semicolons, a comment and Windows' line ends",
      "# run 3\r\nstep;Learning-Rate\r\n1;0\r\n\r\n2;0.05\r\n3;0.1",
    ],
    [
      "the last of several rates",
      "step,learning_rate,translated_learning_rate,norm_ratio\n0,1,0,1\n1,1,0.05,1\n2,1,0.1,1\n",
    ],
    ["tabs", "loss\tlr\n1\t0\n1\t0.05\n1\t0.1\n"],
    ["a JSON list", " [0, 0.05, 0.1]\n"],
    ["a JSON object", '{"learningRate":[0,0.05,0.1]}'],
  ])("%s", (_, text) => {
    expect([...read(text).rates]).toEqual([0, 0.05, 0.1]);
    expect(read(text).rescaleEvents).toEqual([]);
  });

  test("what the command prints, with decays and rescalings", () => {
    const json = read('{"learningRate":[0.1,0.2],"toWeightDecay":[0.01,0.02],"rescaleEvents":[{"step":1,"factor":2}]}');
    expect(json).toEqual({
      rates: Float64Array.of(0.1, 0.2),
      weightDecay: Float64Array.of(0.01, 0.02),
      rescaleEvents: [{ step: 1, factor: 2 }],
    });
    expect(read('{"learningRate":[0.1],"toWeightDecay":0.01}').weightDecay).toBe(0.01);
    expect(read("learning_rate,weight_decay,rescale\n0.1,0.01,1\n0.2,0.02,2\n")).toEqual(json);
  });
});

describe("what is wrong is named with its line", () => {
  test.each([
    ["", /rates\.csv: expected learning rates, got an empty file/],
    ["\n \n# nothing\n", /expected learning rates, got no line with a number/],
    ["lr\n", /expected learning rates, got no line/],
    ["lr\n0.1\nfast\n", /rates\.csv, line 3: expected a learning rate ≥ 0, got fast/],
    ["0.1\n-0.1\n", /line 2: expected a learning rate ≥ 0, got -0\.1/],
    ["0.1\nInfinity\n", /line 2: .*got Infinity/],
    ["0,0.1\n1,\n", /line 2: expected a learning rate ≥ 0, got nothing/],
    ["0,0.1\n1,0.1,7\n", /line 2: expected 2 column\(s\), as before, got 3/],
    ["step,lr\n5,0.1\n", /line 2: expected step 0 or 1 first, got 5/],
    ["# x\nstep,lr\n0,0.1\n\n2,0.1\n", /line 5: expected step 1, one row for each step, got 2/],
    ["1,2,3\n", /a header that names learning_rate, or at most two columns, got 3 columns/],
    ["step,loss\n0,1\n", /line 1: expected a column named learning_rate or lr, got step,loss/],
    ["lr,rescale\n0.1,0\n", /line 2: expected a factor > 0, got 0/],
    ["[0.1,", /expected JSON, got/],
    ["[]", /at least one rate, got an empty list/],
    ["[0.1, null]", /entry 1 \(from 0\): expected a number ≥ 0, got null/],
    ['{"lr":[1]}', /a list of rates, or an object with learningRate, got lr/],
    ['{"config":{}}', /got config; .*--from-run FOLDER/],
    ['{"type":"epoch"}\n{"type":"epoch"}\n', /--from-run FOLDER/],
    ['{"learningRate":[1],"toWeightDecay":-1}', /toWeightDecay ≥ 0, got -1/],
    ['{"learningRate":[1],"rescaleEvents":[{"step":1,"factor":2}]}', /got {"step":1,"factor":2}/],
    ['{"learningRate":[1],"rescaleEvents":{}}', /a list of rescaleEvents/],
  ])("%j", (text, message) => {
    expect(() => read(text)).toThrow(DataError);
    expect(() => read(text)).toThrow(message);
  });
});
