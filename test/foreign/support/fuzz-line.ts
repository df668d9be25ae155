/** What a child process tells of one file. */
export interface FuzzLine {
  readonly name: string;
  /** For each way of reading: `read`, the name of a typed error, or `crash:` and the stack. */
  readonly outcomes: readonly string[];
  readonly milliseconds: number;
  /** The most memory that the process has held so far. */
  readonly megabytes: number;
}
