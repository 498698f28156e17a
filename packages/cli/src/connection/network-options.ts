import type { ConnectOptions } from "@bowline/client";
import { MqttError } from "@bowline/protocol";
import type { CommandLine } from "../command-line.ts";
import type { OptionSpec } from "../option-spec.ts";
import { headersOf } from "./key-value.ts";

const group = "Network";

/** The way to the broker. */
export const NETWORK_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  proxy: { type: "string", value: "URL", help: "Go through a proxy: http, https, socks5h, socks5, socks4a or socks4.", group },
  header: { type: "string", value: "'NAME: TEXT'", multiple: true, help: "Header of a WebSocket's request.", group },
  bind: { type: "string", short: "A", value: "ADDRESS", help: "Connect from this address of the machine.", group },
  ipv4: { type: "boolean", help: "Connect over IPv4 alone.", group },
  ipv6: { type: "boolean", help: "Connect over IPv6 alone.", group },
};

/** @throws MqttError USAGE */
export function networkSettings(line: CommandLine, url: string): Partial<ConnectOptions> {
  const proxy = line.text("proxy");
  const localAddress = line.text("bind");
  const headers = headersOf(line, "header");
  if (line.flag("ipv4") && line.flag("ipv6")) throw new MqttError("USAGE", { detail: "--ipv4 and --ipv6 exclude each other" });
  if (Object.keys(headers).length > 0 && !/^wss?:/i.test(url))
    throw new MqttError("USAGE", { detail: "--header belongs to ws:// and wss://: elsewhere there is no request" });
  const socket = {
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(line.flag("ipv4") ? { family: 4 as const } : line.flag("ipv6") ? { family: 6 as const } : {}),
  };
  return {
    ...(proxy === undefined ? {} : { proxy }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(Object.keys(socket).length === 0 ? {} : { socket }),
  };
}
