import { expect, test } from "vitest";
import { DataError, InvalidArgumentError, randomStream } from "../../../src/core/index.js";
import {
  learnMerges,
  learnVocabulary,
  parseVocabulary,
  special,
  specialTokens,
  wordsOf,
} from "../../../src/data/index.js";

const lines = [
  "Zwei Hunde spielen im Schnee.",
  "Ein Hund spielt mit dem Ball, der Ball ist rot.",
  "Der Junge, 12 Jahre alt, spielt.",
  'Sie sagt: "Schöner Ball!" – und läuft 100 m.',
];

/** Sennrich's algorithm as the paper's listing has it: count all pairs anew, merge the first of the most frequent. */
function naiveMerges(words: ReadonlyMap<string, number>, count: number): [string, string][] {
  let split = [...words].map(([word, times]) => ({ tokens: [...word], times }));
  const made = [...new Set(split.flatMap(({ tokens }) => tokens))].sort();
  const merges: [string, string][] = [];
  while (merges.length < count) {
    const counts = new Map<string, { left: string; right: string; times: number }>();
    for (const { tokens, times } of split) {
      for (let i = 0; i + 1 < tokens.length; i++) {
        const key = `${tokens[i]}\n${tokens[i + 1]}`;
        const entry = counts.get(key) ?? { left: tokens[i]!, right: tokens[i + 1]!, times: 0 };
        entry.times += times;
        counts.set(key, entry);
      }
    }
    const ordered = [...counts.values()].sort(
      (a, b) =>
        b.times - a.times ||
        made.indexOf(a.left) - made.indexOf(b.left) ||
        made.indexOf(a.right) - made.indexOf(b.right),
    );
    const best = ordered[0];
    if (best === undefined || best.times < 2) return merges;
    merges.push([best.left, best.right]);
    if (!made.includes(best.left + best.right)) made.push(best.left + best.right);
    split = split.map(({ tokens, times }) => {
      const after: string[] = [];
      for (let i = 0; i < tokens.length; i++) {
        const pair = tokens[i] === best.left && tokens[i + 1] === best.right;
        after.push(pair ? tokens[i++]! + best.right : tokens[i]!);
      }
      return { tokens: after, times };
    });
  }
  return merges;
}

test("the example of Sennrich et al. 2016 (listing 1): est· of three merges, then lo", () => {
  const words = new Map([
    ["low·", 5],
    ["lower·", 2],
    ["newest·", 6],
    ["widest·", 3],
  ]);
  const { merges } = learnMerges(words, 5);
  // e s, s t and t · occur 9 times each. The listing goes on with es t; of equals ours takes the older tokens.
  expect(merges.map((pair) => pair.join("+"))).toEqual(["e+s", "t+·", "es+t·", "l+o", "lo+w"]);
  expect(merges).toEqual(naiveMerges(words, 5));
});

test.each([1, 2, 3, 4, 5, 6])(
  "merges are those of the naive algorithm, on random words of few letters (%i)",
  (seed) => {
    const random = randomStream(seed, "words");
    const words = new Map<string, number>();
    for (let i = 0; i < 60; i++) {
      const word = Array.from({ length: 1 + random.integer(9) }, () => "aab𝄞cd"[random.integer(3)]!).join("");
      words.set(word, 1 + random.integer(5));
    }
    const { merges } = learnMerges(words, 80);
    expect(merges).toEqual(naiveMerges(words, 80));
    expect(merges.length).toBeGreaterThan(20);
  },
);

test("encoding applies the merges in the order in which they were learned", () => {
  const vocabulary = learnVocabulary(lines, { merges: 40 });
  const { merges } = vocabulary.toJSON();
  for (const word of lines.flatMap(wordsOf)) {
    let tokens = [...word];
    for (const [left, right] of merges) {
      const after: string[] = [];
      for (let i = 0; i < tokens.length; i++) {
        if (tokens[i] === left && tokens[i + 1] === right) after.push(tokens[i++]! + right);
        else after.push(tokens[i]!);
      }
      tokens = after;
    }
    const text = word.startsWith("▁") ? word.slice(1) : word;
    const ids = vocabulary.encode(text).map((id) => vocabulary.tokens[id]);
    if (word.startsWith("▁") && text !== "") expect(ids).toEqual(tokens);
  }
});

test("frequent words become one token, and a word is the same at the start and inside", () => {
  const vocabulary = learnVocabulary(lines, { merges: 60 });
  const tokens = (text: string) => vocabulary.encode(text).map((id) => vocabulary.tokens[id]);
  expect(tokens("Ball Ball")).toEqual(["▁Ball", "▁Ball"]);
  expect(tokens("Ball, Ball.")).toEqual(["▁Ball", ",", "▁Ball", "."]);
});

test("decoding gives back any text of known characters, character for character", () => {
  const vocabulary = learnVocabulary([...lines, "🙂 e\u0301 \t x"], { merges: 30 });
  const characters = vocabulary.tokens.filter((token) => [...token].length === 1).map((c) => (c === "▁" ? " " : c));
  expect(characters).toContain("🙂");
  const random = randomStream(5, "texts");
  for (const fixed of ["", " ", "  ", " a ", "a  l", ".", " .", "12 , 0"]) {
    expect(vocabulary.decode(vocabulary.encode(fixed))).toBe(fixed);
  }
  for (let i = 0; i < 300; i++) {
    const text = Array.from({ length: random.integer(30) }, () => characters[random.integer(characters.length)]).join(
      "",
    );
    expect(vocabulary.decode(vocabulary.encode(text))).toBe(text);
  }
  expect(vocabulary.encode(lines[0]!).length).toBeLessThan(lines[0]!.length);
});

test("unknown characters are <unk>, special tokens are no text, and decoding stops at the end", () => {
  const vocabulary = learnVocabulary(lines, { merges: 20 });
  expect(vocabulary.tokens.slice(0, 4)).toEqual(specialTokens);
  expect(vocabulary.encode("Ball Ω").filter((id) => id === special.unknown).length).toBe(1);
  expect(vocabulary.decode(vocabulary.encode("Ball Ω."))).toBe("Ball ⁇.");
  expect(vocabulary.decode(vocabulary.encode("Ball▁Ball"))).toBe("Ball⁇Ball");
  expect(vocabulary.encode("<s>")).not.toContain(special.start);
  const ids = vocabulary.encode("Ball");
  expect(vocabulary.decode([special.start, ...ids, special.end, ...ids, special.pad])).toBe("Ball");
  expect(() => vocabulary.decode([vocabulary.tokens.length])).toThrow(InvalidArgumentError);
  expect(() => vocabulary.decode([-1])).toThrow("ids in [0,");
  expect(() => learnVocabulary(lines, { merges: 0.5 })).toThrow(InvalidArgumentError);
});

test("learning ends when no pair occurs twice; without merges tokens are characters", () => {
  expect(learnVocabulary(["ab"], { merges: 100 }).tokens).toEqual([...specialTokens, "a", "b", "▁"]);
  const vocabulary = learnVocabulary(lines, { merges: 0 });
  expect(vocabulary.encode("Ball").map((id) => vocabulary.tokens[id])).toEqual(["▁", "B", "a", "l", "l"]);
});

test("a vocabulary survives JSON, and a damaged one is refused", () => {
  const vocabulary = learnVocabulary(lines, { merges: 50 });
  const read = parseVocabulary(JSON.stringify(vocabulary));
  expect(read.tokens).toEqual(vocabulary.tokens);
  for (const line of lines) expect(read.encode(line)).toEqual(vocabulary.encode(line));

  const cases: [string, string][] = [
    ["{", "a vocabulary as JSON"],
    ["[]", "{ alphabet, merges }"],
    ['{"alphabet":["ab"],"merges":[]}', "one character at alphabet.0"],
    ['{"alphabet":["a","a"],"merges":[]}', '"a" twice'],
    ['{"alphabet":["a"],"merges":[["a"]]}', "merges.0"],
    ['{"alphabet":["a"],"merges":[["a","b"]]}', 'merges[0] to be of tokens before it, got "b"'],
    ['{"alphabet":["a"],"merges":[["aa","a"],["a","a"]]}', 'merges[0] to be of tokens before it, got "aa"'],
  ];
  for (const [json, message] of cases) {
    expect(() => parseVocabulary(json, "v.json")).toThrow(DataError);
    expect(() => parseVocabulary(json, "v.json")).toThrow(message);
    expect(() => parseVocabulary(json, "v.json")).toThrow(/^v\.json: expected/);
  }
});
