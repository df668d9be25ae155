/** A text that stands in the page inside `<script>` or `<style>`, with the hash that the page's policy allows it by. */
export interface InlineText {
  readonly text: string;
  /** `sha256-` and the digest of the text's UTF-8 bytes in base64, as a Content-Security-Policy writes it. */
  readonly hash: string;
}

/** What every report's page is made of besides its data. `readReportAssets` of `report/files` makes it, in Node. */
export interface ReportAssets {
  readonly styles: readonly InlineText[];
  /** The chart library, run first: it sets a global. */
  readonly library: InlineText;
  /** The page's own modules, run in this order. */
  readonly modules: readonly InlineText[];
}
