import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { MqttError } from "@bowline/protocol";

/** The first line of standard input, without its end. */
export async function readSecretFromStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return firstLine(Buffer.concat(chunks).toString("utf8"));
}

/**
 * @param what it is, for the error
 * @throws MqttError OPTION_INVALID
 */
export async function readSecretFromFile(path: string, what = "password file"): Promise<string> {
  try {
    return firstLine(await readFile(path, "utf8"));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "it cannot be read";
    throw new MqttError("OPTION_INVALID", {
      detail: `${what} ${path}: ${code}`,
      remedy: "Give a file this user may read.",
      cause,
    });
  }
}

/** @throws MqttError OPTION_INVALID when it is not set */
export function readSecretFromEnvironment(name: string): string {
  const value = process.env[name];
  if (value !== undefined) return value;
  throw new MqttError("OPTION_INVALID", { detail: `the environment has no variable ${name}`, remedy: "Set and export it." });
}

/**
 * Asks on the terminal without showing what is typed.
 *
 * @throws MqttError USAGE when there is no terminal, ABORTED on Ctrl-C
 */
export async function askForSecret(question: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new MqttError("USAGE", {
      detail: "a password is needed, and there is no terminal to ask on; use --password-file, --password-env or --password-stdin",
    });
  }
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  // Only now, since the terminal shows what is typed until the interface has taken it over.
  process.stderr.write(question);
  return new Promise((resolve, reject) => {
    lines.once("SIGINT", () => {
      lines.close();
      process.stderr.write("\n");
      reject(new MqttError("ABORTED"));
    });
    lines.once("line", (line) => {
      lines.close();
      process.stderr.write("\n");
      resolve(line);
    });
  });
}

// Editors and `echo` end a line; a password that ends in a line break is not meant.
function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? "";
}
