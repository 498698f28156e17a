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
    return { code, stdout: whole(stdout.texts), stderr: whole(stderr.texts) };
  } finally {
    stdout.restore();
    stderr.restore();
  }
}

function capture(name: "stdout" | "stderr"): { readonly texts: string[]; restore(): void } {
  const texts: string[] = [];
  const write = (text: string | Uint8Array, ...rest: ((() => void) | string)[]): boolean => {
    texts.push(Buffer.from(text as string).toString("latin1"));
    const done = rest.at(-1);
    if (typeof done === "function") done();
    return true;
  };
  const spy = vi.spyOn(process[name], "write").mockImplementation(write as typeof process.stdout.write);
  return { texts, restore: () => spy.mockRestore() };
}

/** Bytes may be cut anywhere, within a character too. */
function whole(texts: readonly string[]): string {
  return Buffer.from(texts.join(""), "latin1").toString("utf8");
}
