import * as v from "valibot";
import { DataError, expectation } from "../../core/index.js";
import type { Merges } from "./learn-merges.js";
import { type Vocabulary, vocabulary } from "./vocabulary.js";

const form = v.object({
  alphabet: v.array(
    v.pipe(
      v.string(),
      v.check((text) => [...text].length === 1, "expected one character"),
    ),
  ),
  merges: v.array(v.tuple([v.pipe(v.string(), v.nonEmpty()), v.pipe(v.string(), v.nonEmpty())])),
});

/**
 * Reads a vocabulary that `JSON.stringify` wrote.
 *
 * @param from What the text is, for messages.
 * @throws DataError if it is not JSON, has another form, names a character twice, or merges a token that is not made
 *   yet.
 * @example
 * const same = parseVocabulary(JSON.stringify(vocabulary));
 */
export function parseVocabulary(json: string, from = "parseVocabulary"): Vocabulary {
  const parsed = v.safeParse(form, fromJson(json, from));
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const got = `${issue.message} at ${v.getDotPath(issue) ?? "its top"}`;
    throw new DataError(expectation(from, "a vocabulary: { alphabet, merges }", got));
  }
  const { alphabet, merges } = parsed.output;
  requireMade(alphabet, merges, from);
  return vocabulary({ alphabet, merges });
}

function fromJson(json: string, from: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new DataError(expectation(from, "a vocabulary as JSON", `"${(cause as Error).message}"`), { cause });
  }
}

function requireMade(alphabet: Merges["alphabet"], merges: Merges["merges"], from: string): void {
  const made = new Set<string>();
  for (const character of alphabet) {
    if (made.has(character)) throw new DataError(expectation(from, "each character once", `"${character}" twice`));
    made.add(character);
  }
  for (const [rank, merge] of merges.entries()) {
    const missing = merge.find((token) => !made.has(token));
    if (missing !== undefined) {
      throw new DataError(expectation(from, `merges[${rank}] to be of tokens before it`, `"${missing}"`));
    }
    made.add(merge.join(""));
  }
}
