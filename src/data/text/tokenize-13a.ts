/**
 * The tokens that WMT's evaluation counts: the tokenization of NIST's `mteval-v13a.pl`, which sacreBLEU calls `13a`
 * (Post 2018, arXiv:1804.08771). Signs stand alone, but for apostrophes, hyphens between letters, and points and commas
 * between digits. Only ASCII signs are split off; case stays.
 *
 * @example
 * tokenize13a("It wasn't 1,000."); // ["It", "wasn't", "1,000", "."]
 */
export function tokenize13a(text: string): string[] {
  const line = text
    .replace(trailing, "")
    .replaceAll("<skipped>", "")
    .replaceAll("-\n", "")
    .replaceAll("\n", " ")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">");
  const spaced = ` ${line} `
    .replace(/[{-~[-` -&(-+:-@/]/gu, " $& ")
    .replace(/([^0-9])([.,])/gu, "$1 $2 ")
    .replace(/([.,])([^0-9])/gu, " $1 $2")
    .replace(/([0-9])(-)/gu, "$1 $2 ");
  return spaced.split(spaces).filter((token) => token !== "");
}

// What Python, which sacreBLEU is written in, takes for white space; JavaScript's \s knows fewer and one more.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are among them
const spaces = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;
const trailing = new RegExp(`${spaces.source}$`, "u");
