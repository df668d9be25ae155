import { type ArgsDef, type CommandDef, runCommand } from "citty";
import { vi } from "vitest";

/** Runs a command as the program does, but for its errors, which are thrown; returns what it writes. */
export async function commandOutput<T extends ArgsDef>(
  command: CommandDef<T>,
  rawArgs: readonly string[],
): Promise<{ stdout: string; stderr: string }> {
  const written = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      written[name] += text;
      return true;
    }),
  );
  try {
    await runCommand(command, { rawArgs: [...rawArgs] });
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return written;
}
