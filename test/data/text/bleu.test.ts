import { expect, test } from "vitest";
import { InvalidArgumentError } from "../../../src/core/index.js";
import { bleu, tokenize13a } from "../../../src/data/index.js";

const hypotheses = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."];
const references = [
  ["The dog bit the man.", "The dog had bit the man."],
  ["It was not unexpected.", "No one was surprised."],
  ["The man bit him first.", "The man had bitten the dog."],
];

test("the example of sacreBLEU's README and tests: 48.530827", () => {
  // README of sacrebleu 2: BLEU = 48.53 82.4/50.0/45.5/37.5 (BP = 0.943 ratio = 0.944 hyp_len = 17 ref_len = 18)
  const result = bleu(hypotheses, references);
  expect(result.score).toBeCloseTo(48.530827, 6); // the digits that its test/test_bleu.py has
  expect(result.precisions.map((precision) => precision.toFixed(1))).toEqual(["82.4", "50.0", "45.5", "37.5"]);
  expect(result.brevityPenalty.toFixed(3)).toBe("0.943");
  expect([result.hypothesisLength, result.referenceLength]).toEqual([17, 18]);
});

test("empty hypotheses score 0 (sacreBLEU's tests), and so does a corpus without a right word", () => {
  expect(bleu(["", "", ""], references).score).toBe(0);
  const wrong = bleu(["a b c d e"], ["v w x y z"]);
  expect([wrong.score, ...wrong.precisions]).toEqual([0, 0, 0, 0, 0]);
});

test("counts by hand", () => {
  // Clipping (Papineni et al. 2002, §2.1): 2 of 7 words, as "the" occurs twice; no bigram of 6, trigram of 5, …
  const clipped = bleu(["the the the the the the the"], ["the cat is on the mat"]);
  expect(clipped.precisions).toEqual([200 / 7, 100 / (2 * 6), 100 / (4 * 5), 100 / (8 * 4)]);
  expect(clipped.brevityPenalty).toBe(1);
  expect(clipped.score).toBeCloseTo(((200 / 7) * (100 / 12) * (100 / 20) * (100 / 32)) ** 0.25, 12);
  // 3 of 4 words, 1 of 3 bigrams ("this is"); no trigram of 2, no 4-gram of 1.
  const one = bleu(["this is one test"], ["this is a test"]);
  expect(one.precisions).toEqual([75, 100 / 3, 100 / (2 * 2), 100 / (4 * 1)]);
  // Brevity: 4 of 6 tokens, exp(1 − 6/4), all right.
  expect(bleu(["a b c d"], ["a b c d e f"]).score).toBeCloseTo(100 * Math.exp(-0.5), 12);
  // Fewer than four tokens: no 4-gram at all, so 0.
  expect(bleu(["a b c"], ["a b c"]).score).toBe(0);
  // The corpus's counts are summed before dividing: 6 of 8, 4 of 6, 2 of 4, 1 of 2.
  expect(bleu(["a b c d", "e f x y"], ["a b c d", "e f g h"]).precisions).toEqual([75, 400 / 6, 50, 50]);
  expect(bleu(["A b c d"], ["a b c d"]).precisions[0]).toBe(75);
});

test("of several references the closest length counts, the shorter of two equally close", () => {
  expect(bleu(["a b c d"], [["a b c d e f", "a b"]]).referenceLength).toBe(2);
  expect(bleu(["a b c d"], [["a b c d e", "a"]]).referenceLength).toBe(5);
});

test.each([
  ["It wasn't surprising.", "It wasn't surprising ."],
  ["1,000.5 and 3.14, or .5", "1,000.5 and 3.14 , or . 5"],
  ["end.5 5.end a,b 7, 8", "end . 5 5 . end a , b 7 , 8"],
  ["well-known 1990-95 3-d", "well-known 1990 - 95 3 - d"],
  ["(a) [b] {c} <d> $5 50% a/b a&b x@y #1", "( a ) [ b ] { c } < d > $ 5 50 % a / b a & b x @ y # 1"],
  ["&quot;Hi&quot; &amp; &lt;b&gt;", '" Hi " & < b >'],
  ["„Größe“ – naïve…", "„Größe“ – naïve…"],
  ["a\u00a0b\u3000c  d\t", "a b c d"],
  ["Mr. U.S.A.", "Mr . U . S . A ."],
  ["a <skipped>b -\nc\nd", "a b c d"],
  ["...", ". . ."],
])("13a: %j", (text, tokens) => {
  expect(tokenize13a(text).join(" ")).toBe(tokens);
});

test("numbers that do not fit are refused", () => {
  expect(() => bleu([], [])).toThrow(InvalidArgumentError);
  expect(() => bleu(["a"], [])).toThrow("references for each of the 1 hypotheses, got 0");
  expect(() => bleu(["a"], [[]])).toThrow("a reference for hypothesis 0");
});
