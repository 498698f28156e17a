import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { MqttError } from "@bowline/protocol";
import { z } from "zod";
import { Secret } from "../log/secret.ts";

/** Where a secret lies. The secret itself never stands in the configuration, so that this can be shown, logged and kept in a repository. */
export type SecretReference = { file: string } | { env: string };

const WORDS = "must say where the secret lies: {file: PATH} or {env: NAME}";

/** A file's path is relative to the configuration file. */
export const secretReferenceSchema: z.ZodType<SecretReference, SecretReference> = z.union(
  [
    z.strictObject({ file: z.string().min(1).describe("File with the secret; blanks and line ends after it do not count.") }),
    z.strictObject({ env: z.string().min(1).describe("Environment variable with the secret.") }),
  ],
  { error: WORDS },
);

/**
 * Reads the secret now: a file that changed gives its new content.
 *
 * @throws MqttError CONFIG_INVALID; its detail names file or variable and never what they hold
 */
export async function readSecret(reference: SecretReference): Promise<Secret> {
  const value = "file" in reference ? await readSecretFile(reference.file) : process.env[reference.env];
  if (value === undefined) throw invalid(`the environment variable ${(reference as { env: string }).env} is not set`);
  const text = value.trimEnd();
  if (text === "") throw invalid(`${nameOf(reference)} is empty`);
  return new Secret(text);
}

/** Another text whenever one of the secrets holds another value; tells nothing of them. */
export async function secretsVersion(references: readonly SecretReference[]): Promise<string> {
  const hash = createHash("sha256");
  for (const reference of references) {
    const text = (await readSecret(reference)).reveal();
    hash.update(`${text.length}:`).update(text);
  }
  return hash.digest("base64");
}

async function readSecretFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw invalid(`the file ${file} cannot be read (${(cause as NodeJS.ErrnoException).code ?? "unknown"})`, cause);
  }
}

function nameOf(reference: SecretReference): string {
  return "file" in reference ? `the file ${reference.file}` : `the environment variable ${reference.env}`;
}

function invalid(detail: string, cause?: unknown): MqttError {
  return new MqttError("CONFIG_INVALID", { detail, ...(cause === undefined ? {} : { cause }) });
}
