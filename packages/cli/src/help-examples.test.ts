import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandFolder, type RunningCommand } from "@bowline/testkit/system";
import { afterEach, expect, test, vi } from "vitest";
import { AdminClient } from "./admin-client.ts";

/* Every example of every help is run as it stands, but for ports, paths and times, against one broker. */

const root = join(import.meta.dirname, "../../..");
const bin = join(root, "packages/cli/bin/bowline.js");

/** Why an example is not run here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  "bowline trust --install --store chromium": "changes the machine; trust/trust.test.ts runs it with stores of its own",
  "bowline trust --remove": "changes the machine; trust/trust.test.ts runs it with stores of its own",
  "bowline realtime check src/authorizer.handler --sst-app shop --stage dev": "needs an application of SST; testkit/src/realtime",
  "bowline realtime check authorizer.mjs --env-file .env --token-file token": "needs an authorizer; testkit/src/realtime",
  'eval "$(bowline completion zsh)"': "completion/completion.test.ts has zsh read it",
  "bowline completion fish | source": "completion/completion.test.ts has fish complete by it",
  "bowline backup --salvage": "needs a damaged store; backup.test.ts makes one",
};
/** It answers that the rule made before denies. */
const DENIED = "bowline acl test subscribe 'devices/#' --user sensor-1";
/** These have a test of their own, which takes the times of the load into account: load/help.test.ts. */
const LOAD: ReadonlySet<string> = new Set(["bench", "simulate", "conn"]);
const remaining = new Set<string>();
let commands: CommandFolder;

afterEach(async () => {
  vi.unstubAllEnvs();
  await commands.remove();
});

test("every example works", { timeout: 180_000 }, async () => {
  commands = new CommandFolder();
  prepare();
  const all = await collect();
  const up = commands.bowline(
    "up",
    "--config",
    "bowline.yaml",
    "--console",
    "https://localhost:0",
    "--listen",
    "mqtts://localhost:0",
  );
  const [ready = "", broker = ""] = await up.says(/^ready (\S+).*/m);
  const consoleUrl = /https:\/\/localhost:\d+/.exec(`${ready}${up.stderr}`)?.[0] ?? "";
  const rewrite = (example: string): string =>
    example
      .replace("mqtts://localhost:8883", broker)
      .replace("https://localhost:18084", consoleUrl)
      .replace("/etc/mosquitto/passwd", "passwd")
      .replace("--data /var/lib/bowline", "--data .bowline")
      .replace(/--seconds \d+/, "--seconds 1")
      .replace(/^bowline trace (?!.*--seconds).*/, "$& --seconds 1");

  await inOneProcess(rewrite, [
    ...examplesOf("tenant").slice(0, 2),
    ...take("bowline user list", "bowline user add sensor-1 --generate", "bowline user list --tenant acme"),
    ...examplesOf("plan"),
    ...examplesOf("key"),
    ...examplesOf("user").filter((example) => /import|ban/.test(example)),
    ...examplesOf("backup"),
    ...examplesOf("config"),
    ...examplesOf("console"),
    ...take("bowline trust", "bowline explain TLS_UNKNOWN_CA", "bowline explain --list"),
    ...take(...(all["profile"] ?? [])),
  ]);
  // In place of the shell where that can be, so that a signal reaches the command.
  const shell = (example: string): RunningCommand =>
    commands.run("sh", "-c", `${/[|>]/.test(example) ? "" : "exec "}${rewrite(example)}`);
  await well(...examplesOf("user", "trust").map(shell));

  const subscribers = examplesOf("sub");
  const following = subscribers.map(shell);
  const [serving] = take(...leftOf("rpc").filter((example) => example.includes("--serve")));
  const server = shell(serving ?? "");
  const tooEarly = [...following, server].map(async ({ ended }) => expect(await ended).toBe("still there"));
  await Promise.race([isSubscribed(subscribers.length + 1), ...tooEarly]);
  for (const each of tooEarly) each.catch(() => {});
  const traces = examplesOf("trace").map(shell);
  await inOneProcess(rewrite, [
    ...examplesOf("pub").filter((example) => !example.includes("|")),
    ...examplesOf("rpc"),
    ...examplesOf("doctor"),
  ]);
  await well(...examplesOf("pub").map(shell));
  await well(...following.slice(1), ...traces);
  await following[0]?.says("demo/hello hello\n");
  await well(...examplesOf("completion").map((example) => commands.run("bash", "-c", example)));
  await inOneProcess(rewrite, [...examplesOf("acl"), ...examplesOf("tenant"), ...examplesOf("drain")]);
  // Both were sent away by the drain, or are ended here.
  for (const running of [server, following[0]]) running?.child.kill("SIGTERM");
  await up.kill("SIGTERM");

  for (const example of examplesOf("up")) {
    const words = example.includes("--listen")
      ? example.replace(":1883", ":0")
      : `${example} --listen mqtts://localhost:0 --no-console`;
    const again = commands.paste(words);
    await again.says(/^ready /m);
    expect(await again.kill("SIGTERM")).toMatchObject({ code: 0 });
  }
  expect([...remaining]).toEqual([]);
});

function prepare(): void {
  const path = (name: string): string => join(commands.path, name);
  const programs = { bowline: `exec '${process.execPath}' '${bin}' "$@"`, jq: "cat" };
  for (const [name, body] of Object.entries(programs)) {
    writeFileSync(path(name), `#!/bin/sh\n${body}\n`);
    chmodSync(path(name), 0o755);
  }
  vi.stubEnv("PATH", `${commands.path}:${process.env["PATH"]}`);
  vi.stubEnv("PASSWORD", "a password of ten words");
  vi.stubEnv("XDG_CONFIG_HOME", path("config"));
  writeFileSync(path("bowline.yaml"), "anonymous: false\n");
  // mosquitto's own format: PBKDF2 of "secret".
  writeFileSync(path("passwd"), `joe:$7$101$${Buffer.alloc(12, 1).toString("base64")}$${Buffer.alloc(64, 2).toString("base64")}\n`);
}

/** From the built files, which take a tenth of the time that their sources take here. */
async function collect(): Promise<Record<string, string[]>> {
  const list = join(root, "packages/cli/dist/command-list.js");
  const script = `
    const { COMMANDS } = await import(process.argv[1]);
    const all = Object.entries(COMMANDS).map(async ([name, { load }]) => [name, (await load()).examples]);
    process.stdout.write(JSON.stringify(Object.fromEntries(await Promise.all(all))));`;
  const { stdout } = await commands.run(process.execPath, "--input-type=module", "-e", script, list).ended;
  const examples = JSON.parse(stdout) as Record<string, string[]>;
  for (const name of LOAD) delete examples[name];
  for (const example of Object.values(examples).flat()) remaining.add(example);
  for (const example of Object.keys(ELSEWHERE)) expect(remaining.delete(example), example).toBe(true);
  return examples;
}

/** What is left of the examples of these commands. */
function examplesOf(...names: string[]): string[] {
  return take(...names.flatMap(leftOf));
}

function leftOf(name: string): string[] {
  return [...remaining].filter((example) => new RegExp(`\\bbowline ${name}\\b`).test(example));
}

function take(...examples: string[]): string[] {
  for (const example of examples) expect(remaining.delete(example), example).toBe(true);
  return examples;
}

/** One process for all: each command costs as much as its work, and not what Node takes to start. */
async function inOneProcess(rewrite: (example: string) => string, examples: readonly string[]): Promise<void> {
  const list = examples.map((example) => wordsOf(rewrite(example)));
  const expected = examples.map((example) => `ended with ${example === DENIED ? 4 : 0}`);
  const script = `
    const { runBowline } = await import(process.argv[1]);
    for (const words of JSON.parse(process.argv[2])) {
      process.stderr.write(words.join(" ") + "\\n");
      process.stderr.write("ended with " + (await runBowline(words)) + "\\n");
    }
    process.exit();`;
  const main = join(root, "packages/cli/dist/index.js");
  const ended = await commands.run(process.execPath, "--input-type=module", "-e", script, main, JSON.stringify(list)).ended;
  expect(ended.stderr.match(/^ended with .*/gm), ended.stderr).toEqual(expected);
}

function wordsOf(example: string): string[] {
  return [...example.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "").slice(1);
}

async function well(...running: readonly RunningCommand[]): Promise<void> {
  for (const { ended, child } of running) expect({ words: child.spawnargs.at(-1), ...(await ended) }).toMatchObject({ code: 0 });
}

async function isSubscribed(count: number): Promise<void> {
  const admin = new AdminClient(join(commands.path, ".bowline/admin.sock"));
  for (;;) {
    const { connections } = await admin.request<{ connections: { subscriptions: number }[] }>("GET", "/api/v1/connections");
    if (connections.reduce((sum, { subscriptions }) => sum + subscriptions, 0) >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
