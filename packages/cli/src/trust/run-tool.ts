import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Runs a program of the system and resolves with its standard output; rejects with what it wrote on standard error. */
export async function runTool(file: string, args: readonly string[]): Promise<string> {
  try {
    return (await execute(file, args, { timeout: 30_000, env: toolEnvironment() })).stdout;
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: string; message: string };
    throw new Error(stderr?.trim() || message, { cause });
  }
}

export async function hasTool(file: string): Promise<boolean> {
  for (const folder of toolPath()) {
    const isThere = await access(join(folder, file), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return true;
  }
  return false;
}

// Tools for administrators lie in folders that are often missing from a user's PATH.
function toolPath(): string[] {
  return [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"].filter(Boolean);
}

function toolEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: toolPath().join(delimiter) };
}

/** A word as a shell takes it literally. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
