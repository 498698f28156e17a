import { vi } from "vitest";
import { runBowline } from "../run-bowline.ts";

/** What a command that ran in this process said, and how it ended. */
export interface EndedCommand {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command without a process of its own, which is quicker; one at a time. */
export async function runInProcess(...argv: readonly string[]): Promise<EndedCommand> {
  const stdout = capture("stdout");
  const stderr = capture("stderr");
  try {
    const code = await runBowline(argv);
    return { code, stdout: stdout.texts.join(""), stderr: stderr.texts.join("") };
  } finally {
    stdout.restore();
    stderr.restore();
  }
}

function capture(name: "stdout" | "stderr"): { readonly texts: string[]; restore(): void } {
  const texts: string[] = [];
  const spy = vi.spyOn(process[name], "write").mockImplementation((text) => texts.push(String(text)) > 0);
  return { texts, restore: () => spy.mockRestore() };
}
