import { type AuthorizerFunction, functionArn, HandlerPool, HttpsFunction, LOCAL_PLACE } from "@bowline/realtime";
import { checkAuthorizer, type Finding } from "@bowline/realtime/internal";
import type { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { readSecretFromFile, readSecretFromStdin } from "../read-secret.ts";
import { ENVIRONMENT_OPTIONS, readAuthorizer } from "../up/authorizer-option.ts";
import { loadUserModule } from "../user-module/load-user-module.ts";

export const realtime: Command = {
  usage: ["bowline realtime check FILE [--token-file FILE]"],
  description: [
    "Tries a custom authorizer of AWS IoT or SST Realtime: calls it as SST's documented client, as AWS's SDK and with a bad token would, and",
    "says what is wrong with its answers and what they would bring about. Ends with 1 when there is something to mend; a note is nothing",
    "to mend.",
  ].join("\n"),
  options: {
    "token-file": {
      type: "string",
      value: "FILE",
      help: "A token that the authorizer should take, in a file; - for standard input.",
    },
    ...ENVIRONMENT_OPTIONS,
    json: { type: "boolean", help: "Print JSON." },
  },
  examples: [
    "bowline realtime check src/authorizer.handler --sst-app shop --stage dev",
    "bowline realtime check authorizer.mjs --env-file .env --token-file token",
  ],
  run,
};

async function run(line: CommandLine): Promise<number> {
  const [, word = ""] = line.words;
  const tokenFile = line.text("token-file");
  const token = tokenFile === undefined ? undefined : await readToken(tokenFile);
  const findings = await withAuthorizer(word, line, (authorizer) => checkAuthorizer(authorizer, { token }));
  process.stdout.write(
    line.flag("json") ? `${JSON.stringify({ findings }, undefined, 2)}\n` : report(findings, token !== undefined),
  );
  return findings.every(({ isNote }) => isNote) ? ExitCode.Well : ExitCode.Failed;
}

function readToken(file: string): Promise<string> {
  return file === "-" ? readSecretFromStdin() : readSecretFromFile(file);
}

async function withAuthorizer<T>(word: string, line: CommandLine, use: (authorizer: AuthorizerFunction) => Promise<T>): Promise<T> {
  const { file, url, handler, environment } = await readAuthorizer(word, line);
  if (file === undefined) return use(new HttpsFunction(url ?? ""));
  const module = await loadUserModule(file);
  try {
    const pool = await HandlerPool.open({
      module: module.url,
      handler,
      functionArn: functionArn(LOCAL_PLACE, "authorizer"),
      environment,
      processes: 1,
      onOutput: (text) => process.stderr.write(`  ${text}\n`),
    });
    return await use(pool).finally(() => pool.close());
  } finally {
    await module.dispose();
  }
}

function report(findings: readonly Finding[], hasToken: boolean): string {
  const lines = findings.flatMap(({ rule, message, remedy, isNote }) => [
    `${isNote ? "note: " : ""}${rule}: ${message}`,
    `  ${remedy}`,
  ]);
  if (findings.every(({ isNote }) => isNote)) lines.push("Nothing to mend was found.");
  if (!hasToken) lines.push("Only a bad token was tried; --token-file shows more.");
  return `${lines.join("\n")}\n`;
}
