import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { DataError } from "../../../src/core/index.js";
import { readParallelText } from "../../../src/data/files/index.js";
import { fingerprint } from "../../../src/data/index.js";
import { temporaryFolder } from "../support.js";

const languages = { source: "de", target: "en" };

function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

test("line k of one file translates line k of the other, plain or gzipped", async () => {
  const folder = folderOf({
    "train.de": "Ein Hund.\r\n\r\nZwei  Katzen\u2028hier.",
    "train.en.gz": gzipSync("A dog.\n\nTwo cats here.\n"),
  });
  const text = await readParallelText(folder, "train", languages);
  expect(text.source).toEqual(["Ein Hund.", "", "Zwei  Katzen\u2028hier."]);
  expect(text.target).toEqual(["A dog.", "", "Two cats here."]);
  expect(text.name).toMatch(/ train \(de → en\)$/);
  const back = await readParallelText(folder, "train", { source: "en", target: "de" });
  expect(back.source).toEqual(text.target);
});

test("the fingerprint sees the lines of both sides, and no names", async () => {
  // printf 'text [1]\n' and the SHA-256 of "a\n" and of "b\n", through sha256sum again.
  const text = { name: "x", source: ["a"], target: ["b"] };
  expect(await fingerprint(text)).toBe("4bd1b8306324f6eedb36088b74b5d33e9fd5eb8a509ba2ed87188506b9c7e3e5");
  expect(await fingerprint({ ...text, name: "y" })).toBe(await fingerprint(text));
  expect(await fingerprint({ ...text, source: ["b"], target: ["a"] })).not.toBe(await fingerprint(text));
  const [joined, split] = [
    ["ab", "c"],
    ["a", "bc"],
  ].map((source) => ({ ...text, source, target: ["d", "e"] }));
  expect(await fingerprint(joined!)).not.toBe(await fingerprint(split!));
});

test("what is wrong with the files is told", async () => {
  const folder = folderOf({
    "train.de": "eins\nzwei\n",
    "train.en": "one\n",
    "val.de": "",
    "val.en": "one\n",
    "bad.de": Buffer.concat([
      Buffer.from("gut\nauch gut\n"),
      Buffer.from([0x66, 0xfc, 0x72, 0x0a]),
      Buffer.from("gut\n"),
    ]),
    "bad.en": "a\nb\nc\nd\n",
  });
  const cases: [string, string, string][] = [
    [folder, "train", `train.en: expected 2 lines, as ${join(folder, "train.de")} has, got 1 lines`],
    [folder, "val", "val.de: expected at least one line of text, got an empty file"],
    [folder, "bad", "bad.de: expected text in UTF-8, got other bytes in line 3"],
    [folder, "test", `${folder}: expected the file test.de or test.de.gz, got bad.de, bad.en, train.de`],
    [join(folder, "none"), "train", "expected the folder of a parallel text, got nothing there"],
  ];
  for (const [place, split, message] of cases) {
    const reading = readParallelText(place, split, languages);
    await expect(reading).rejects.toThrow(DataError);
    await expect(reading).rejects.toThrow(message);
  }
});
