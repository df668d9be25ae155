import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { DataError, expectation } from "../../core/index.js";
import { type ParallelText, parallelText } from "../text/parallel-text.js";
import { fileError, readBytes } from "./read-bytes.js";

/** From which language to which, as the files' names end: `de`, `en`. */
export interface LanguagePair {
  readonly source: string;
  readonly target: string;
}

/**
 * Reads one split of a parallel text from a folder: `SPLIT.SOURCE` and `SPLIT.TARGET`, plain or gzipped as `….gz`, in
 * UTF-8 with a sentence a line. Multi30k (Elliott et al. 2016, arXiv:1605.00459) comes so, with the splits `train`,
 * `val`, `test_2016_flickr` and `test_2017_flickr`.
 *
 * @throws DataError if the folder or a file is missing, corrupt, empty or not UTF-8, or the files have different
 *   numbers of lines; its message begins with the path.
 * @example
 * const training = await readParallelText("multi30k", "train", { source: "de", target: "en" });
 */
export async function readParallelText(
  folder: string,
  split: string,
  { source, target }: LanguagePair,
): Promise<ParallelText> {
  const entries = await readdir(folder).catch((error: unknown) => {
    throw fileError(folder, "the folder of a parallel text", error);
  });
  const paths = [source, target].map((language) => join(folder, existing(folder, entries, split, language)));
  const [from, to] = await Promise.all(paths.map(readBytes));
  return parallelText(from!, to!, `${basename(resolve(folder))} ${split} (${source} → ${target})`);
}

function existing(folder: string, entries: readonly string[], split: string, language: string): string {
  const names = [`${split}.${language}`, `${split}.${language}.gz`];
  const found = names.find((name) => entries.includes(name));
  if (found !== undefined) return found;
  const got =
    entries.length === 0 ? "an empty folder" : `${entries.slice(0, 12).join(", ")}${entries.length > 12 ? ", …" : ""}`;
  throw new DataError(expectation(folder, `the file ${names.join(" or ")}`, got, "check the split and the language"));
}
