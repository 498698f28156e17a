import { join, resolve } from "node:path";
import { MqttError } from "@bowline/protocol";
import type { CommandLine } from "../command-line.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { type Authority, readAuthority } from "../trust/authority.ts";
import { findStores } from "../trust/find-stores.ts";
import { STORE_KINDS, type StoreKind, type TrustStore } from "../trust/trust-store.ts";

export const trust: Command = {
  usage: ["bowline trust", "bowline trust --install | --remove [--store KIND ...]", "bowline trust --print"],
  mostWords: 0,
  description: [
    "Makes this machine's programs and browsers trust the local authority that bowline up made, so that https://localhost:18084",
    "and wss://localhost:8084 work without a warning. Without --install it only says what it would do. The authority can name",
    "localhost, the loopback addresses and this machine, and nothing else; its key stays in the data folder.",
  ].join("\n"),
  options: {
    data: { type: "string", value: "DIR", help: "Data folder; default ./.bowline." },
    install: { type: "boolean", help: "Add the authority to the stores." },
    remove: { type: "boolean", help: "Take it out again." },
    store: { type: "string", multiple: true, value: "KIND", help: "Only this store: system, firefox or chromium." },
    print: { type: "boolean", help: "Print the authority's certificate (PEM)." },
  },
  examples: [
    "bowline trust",
    "bowline trust --install --store chromium",
    "bowline trust --print > ca.pem",
    "bowline trust --remove",
  ],
  run,
};

async function run(line: CommandLine): Promise<number> {
  const authority = await readAuthority(join(resolve(line.text("data") ?? ".bowline"), "ca.pem"));
  if (line.flag("print")) {
    process.stdout.write(authority.pem);
    return ExitCode.Well;
  }
  if (line.flag("install") && line.flag("remove"))
    throw new MqttError("USAGE", { detail: "--install and --remove exclude each other" });
  const stores = await findStores(kindsOf(line));
  if (line.flag("install")) return changeAll(stores, authority, "install");
  if (line.flag("remove")) return changeAll(stores, authority, "remove");
  return explainAll(stores, authority);
}

function kindsOf(line: CommandLine): StoreKind[] | undefined {
  const words = line.list("store");
  const kinds = words.filter((word): word is StoreKind => (STORE_KINDS as readonly string[]).includes(word));
  if (kinds.length === words.length) return kinds.length === 0 ? undefined : kinds;
  throw new MqttError("USAGE", { detail: `--store takes ${STORE_KINDS.join(", ")}` });
}

async function explainAll(stores: readonly TrustStore[], authority: Authority): Promise<number> {
  say(`Local authority   ${authority.file}`);
  say(`SHA-256           ${authority.fingerprint}`);
  say(`Valid until       ${authority.validTo.toISOString().slice(0, 10)}`);
  say("");
  say("Nothing has been changed. bowline trust --install would do this:");
  for (const store of stores) {
    say("");
    say(`${store.name}: ${trustWords(await store.isTrusted(authority))}`);
    for (const command of store.installCommands(authority)) say(`  ${command}`);
    const obstacle = await store.obstacle();
    if (obstacle !== undefined) say(`  (${obstacle})`);
  }
  if (!stores.some((store) => store.kind === "firefox"))
    say("\nFirefox: no profile found; start Firefox once, then run this again.");
  say(`\nNode.js programs: pass the file as ca, or run them with NODE_EXTRA_CA_CERTS=${authority.file}`);
  return ExitCode.Well;
}

function trustWords(isTrusted: boolean | undefined): string {
  if (isTrusted === undefined) return "cannot be looked into";
  return isTrusted ? "trusts it already" : "does not trust it yet";
}

async function changeAll(stores: readonly TrustStore[], authority: Authority, action: "install" | "remove"): Promise<number> {
  if (stores.length === 0) say("No such store was found.");
  let isComplete = stores.length > 0;
  for (const store of stores) {
    const outcome = await change(store, authority, action);
    say(`${store.name}: ${outcome.words}`);
    isComplete &&= outcome.isDone;
  }
  if (isComplete && action === "install") say("Restart browsers that are open. bowline trust --remove takes it back.");
  return isComplete ? ExitCode.Well : ExitCode.Failed;
}

async function change(
  store: TrustStore,
  authority: Authority,
  action: "install" | "remove",
): Promise<{ words: string; isDone: boolean }> {
  const isWanted = action === "install";
  if ((await store.isTrusted(authority)) === isWanted)
    return { words: isWanted ? "trusts it already" : "does not have it", isDone: true };
  const obstacle = await store.obstacle();
  if (obstacle !== undefined) {
    const commands = isWanted ? store.installCommands(authority) : store.removeCommands(authority);
    return { words: [`not done; ${obstacle}`, ...commands.map((command) => `  ${command}`)].join("\n"), isDone: false };
  }
  try {
    await store[action](authority);
    return { words: isWanted ? "trusts it now" : "has it no more", isDone: true };
  } catch (error) {
    return { words: `failed: ${(error as Error).message}`, isDone: false };
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
