import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { parseEnv } from "node:util";
import { MqttError } from "@bowline/protocol";
import type { CommandLine } from "../command-line.ts";
import type { OptionSpec } from "../option-spec.ts";

/** What a command says of a custom authorizer and of the environment it runs in. */
export interface AuthorizerOption {
  /** Absolute; undefined for one behind HTTPS. */
  readonly file: string | undefined;
  readonly url: string | undefined;
  /** Name of the export. */
  readonly handler: string;
  readonly environment: Record<string, string>;
}

/** Flags about the environment of an authorizer. */
export const ENVIRONMENT_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  "sst-app": { type: "string", value: "NAME", help: "Name of the SST app, for Resource.App; with --stage." },
  stage: { type: "string", value: "STAGE", help: "Stage of the SST app." },
  "env-file": { type: "string", value: "FILE", help: "Environment of the authorizer, NAME=VALUE a line; it gets nothing else." },
};

const EXTENSIONS = [".ts", ".mts", ".js", ".mjs", ".cjs"];

/**
 * @param word A file, or a handler as SST names it: `src/authorizer.handler`; or an https:// address.
 * @throws MqttError USAGE
 */
export async function readAuthorizer(word: string, line: CommandLine): Promise<AuthorizerOption> {
  const environment = await environmentOf(line);
  if (/^https?:\/\//.test(word)) return { file: undefined, url: word, handler: "handler", environment };
  return { ...fileOf(word), url: undefined, environment };
}

function fileOf(word: string): { file: string; handler: string } {
  if (existsSync(word)) return { file: resolve(word), handler: "handler" };
  const handler = extname(word).slice(1);
  const stem = word.slice(0, word.length - handler.length - 1);
  const extension = EXTENSIONS.find((one) => handler !== "" && existsSync(stem + one));
  if (extension !== undefined) return { file: resolve(stem + extension), handler };
  throw new MqttError("USAGE", {
    detail: `there is no file ${word}`,
    remedy: "Name a file, or a handler such as src/authorizer.handler.",
  });
}

async function environmentOf(line: CommandLine): Promise<Record<string, string>> {
  const [app, stage, file] = ["sst-app", "stage", "env-file"].map((name) => line.text(name));
  if ((app === undefined) !== (stage === undefined)) throw new MqttError("USAGE", { detail: "--sst-app and --stage go together" });
  const environment = file === undefined ? {} : await readEnvironment(file);
  return app === undefined ? environment : { ...environment, SST_RESOURCE_App: JSON.stringify({ name: app, stage }) };
}

async function readEnvironment(file: string): Promise<Record<string, string>> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new MqttError("USAGE", { detail: `--env-file ${file} cannot be read (${cause.code ?? "unknown"})`, cause });
  });
  return Object.fromEntries(Object.entries(parseEnv(text)).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
