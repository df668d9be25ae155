const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text made safe for HTML, as an element's content and inside a quoted attribute alike. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

/**
 * JSON that can stand inside a `<script>` element: `<` (which could close it, or open a comment) and the line separators
 * U+2028 and U+2029 (which older JavaScript parsers take for line ends) are written as escapes that JSON reads back.
 */
export function embedJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** An address that a link may have: http, https or mailto. Anything else (such as `javascript:`) gives undefined. */
export function safeUrl(url: string): string | undefined {
  return URL.canParse(url) && /^(https?|mailto):$/.test(new URL(url).protocol) ? url : undefined;
}
