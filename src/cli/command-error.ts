import type { ArgsDef, CommandDef } from "citty";
import { NormwiseError } from "../core/index.js";

/** Reports errors that a person can act on as one line on standard error and exit code 1; others keep their stack. */
export function withReadableErrors<T extends ArgsDef>(command: CommandDef<T>): CommandDef<T> {
  return {
    ...command,
    async run(context) {
      try {
        await command.run?.(context);
      } catch (error) {
        if (!(error instanceof NormwiseError)) throw error;
        process.stderr.write(`error: ${error.message}\n`);
        process.exitCode = 1;
      }
    },
  };
}
