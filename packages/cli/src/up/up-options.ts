import type { BrokerConfig, BrokerConfigInput, LogFormat, LogLevel } from "@bowline/broker/internal";
import { MqttError } from "@bowline/protocol";
import type { CommandLine } from "../command-line.ts";
import type { OptionSpec } from "../option-spec.ts";
import { ENVIRONMENT_OPTIONS, readAuthorizer } from "./authorizer-option.ts";

export const UP_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  config: { type: "string", value: "FILE", help: "Configuration file: YAML, JSON or TypeScript. Flags win over it." },
  preset: {
    type: "string",
    value: "NAME",
    help: "serverless: TLS and server names only, nobody anonymous, EMQX Serverless's quotas.",
  },
  data: { type: "string", value: "DIR", help: "Folder of store, certificates and admin socket; default ./.bowline." },
  memory: { type: "boolean", help: "Keep sessions, messages and users in memory only." },
  listen: { type: "string", multiple: true, value: "URL", help: "Listener: mqtt, mqtts, ws, wss or unix. Replaces the defaults." },
  anonymous: { type: "boolean", help: "Let in clients without credentials." },
  "allow-plaintext": { type: "boolean", help: "Allow mqtt:// and ws:// where other machines can reach them." },
  "proxy-protocol": { type: "boolean", help: "Expect a PROXY header from trusted proxies (default: this machine's)." },
  console: { type: "string", value: "URL", help: "Address of the console; default https://localhost:18084." },
  "no-console": { type: "boolean", help: "No console." },
  "log-level": { type: "string", value: "LEVEL", help: "trace, debug, info, warn, error or silent; default info." },
  "log-format": { type: "string", value: "FORMAT", help: "text or json; default text on a terminal." },
  "on-damage": { type: "string", value: "WHAT", help: "refuse (default) a damaged store, or salvage what can be read." },
  authorizer: { type: "string", value: "FILE", help: "Custom authorizer of AWS IoT or SST Realtime: src/authorizer.handler." },
  ...ENVIRONMENT_OPTIONS,
  // Promised for a later release; asking for it is answered, not ignored.
  nats: { type: "string" },
};

const LATER: Readonly<Record<string, string>> = {
  nats: "several brokers as one over NATS",
};

/**
 * Refuses what can be seen on the command line alone, before the broker is loaded.
 *
 * @throws MqttError USAGE
 */
export function checkUpWords(line: CommandLine): void {
  for (const [name, what] of Object.entries(LATER)) {
    if (line.text(name) === undefined) continue;
    const remedy = `Leave --${name} out for now.`;
    throw new MqttError("USAGE", { detail: `--${name} comes with a later release: ${what}`, remedy });
  }
  const [word] = line.words;
  if (word !== undefined)
    throw new MqttError("USAGE", { detail: `bowline up takes no "${word}"; listeners are given with --listen` });
  const lonely = Object.keys(ENVIRONMENT_OPTIONS).find((name) => line.text(name) !== undefined);
  if (lonely !== undefined && line.text("authorizer") === undefined)
    throw new MqttError("USAGE", { detail: `--${lonely} is about --authorizer, which is not given` });
  if (line.flag("no-console") && line.text("console") !== undefined) {
    throw new MqttError("USAGE", { detail: "--console and --no-console exclude each other" });
  }
}

/**
 * The chain that --authorizer asks for, in place of the configuration's: the authorizer decides about everybody but the users of the
 * store. It is for development, so its refusals are explained to clients and its times may be short.
 *
 * @throws MqttError USAGE
 */
export async function authorizerOverride(line: CommandLine): Promise<BrokerConfigInput> {
  const word = line.text("authorizer");
  if (word === undefined) return {};
  const authorizer = await readAuthorizer(word, line);
  const development = { isDefault: true, explainRefusals: true, minimumSeconds: 1 };
  return { authentication: [{ kind: "custom-authorizer", ...authorizer, ...development }, { kind: "password" }] };
}

/** What the other flags say of the configuration; its schema checks the words among them. */
export function upOverrides(line: CommandLine): BrokerConfigInput {
  const listen = line.list("listen");
  return {
    preset: presetIn(line),
    data: line.text("data"),
    memory: line.flag("memory") || undefined,
    listen: listen.length === 0 ? undefined : listen,
    console: line.flag("no-console") ? false : line.text("console"),
    anonymous: line.flag("anonymous") || undefined,
    allowPlaintext: line.flag("allow-plaintext") || undefined,
    proxyProtocol: line.flag("proxy-protocol") || undefined,
    onDamage: line.text("on-damage") as BrokerConfig["onDamage"] | undefined,
    log: { level: line.text("log-level") as LogLevel | undefined, format: line.text("log-format") as LogFormat | undefined },
  };
}

function presetIn(line: CommandLine): BrokerConfigInput["preset"] {
  const word = line.text("preset");
  if (word === undefined || word === "serverless") return word;
  throw new MqttError("USAGE", { detail: `--preset is serverless, not "${word}"` });
}
