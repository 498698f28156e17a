import { lookup } from "node:dns";
import { isIP } from "node:net";
import type { ConnectOptions, TlsOptions } from "@bowline/client";
import { MqttError } from "@bowline/protocol";
import type { CommandLine } from "./command-line.ts";

/** Where a connection goes, and under which name. */
export interface ConnectionPlace {
  readonly url: string;
  readonly tls?: TlsOptions;
  readonly socket?: NonNullable<ConnectOptions["socket"]>;
  readonly credentials?: { readonly headers: Readonly<Record<string, string>> };
}

/**
 * What `--sni` and `--connect-to` make of a URL: the first changes the name that is asked for, the second the address behind the name.
 *
 * @throws MqttError USAGE
 */
export function placeOf(line: CommandLine, url: string): ConnectionPlace {
  const sni = line.text("sni");
  const place = elsewhere(line.text("connect-to"), url);
  if (sni === undefined) return place;
  mustBeTls(url);
  // A proxy or a broker may compare the two, and the Host header must not lead to another tenant.
  const headers = /^wss:/i.test(url) ? { credentials: { headers: { host: sni } } } : {};
  return { ...place, ...headers, tls: { servername: sni } };
}

function elsewhere(target: string | undefined, text: string): ConnectionPlace {
  if (target === undefined) return { url: text };
  const found = /^(\[[0-9a-f:]+\]|[^:/@]+):(\d{1,5})$/i.exec(target);
  if (found === null) throw new MqttError("USAGE", { detail: `--connect-to must be HOST:PORT, not "${target}"` });
  const [, host = "", port = ""] = found;
  const parts = /^([a-z][a-z0-9+.-]*:\/\/)(\[[^\]]*\]|[^:/?]*)(?::\d*)?(.*)$/is.exec(text);
  if (parts === null) return { url: text };
  const [, scheme = "", name = "", rest = ""] = parts;
  // An address is looked up nowhere, and is no name to ask for.
  const isAddress = isIP(name.replace(/^\[|\]$/g, "")) !== 0;
  if (isAddress) return { url: `${scheme}${host}:${port}${rest}` };
  return { url: `${scheme}${name}:${port}${rest}`, socket: { lookup: lookupOf(host.replace(/^\[|\]$/g, "")) } };
}

/** Finds that host whatever it is asked for. */
function lookupOf(host: string): NonNullable<NonNullable<ConnectOptions["socket"]>["lookup"]> {
  return (_name, options, callback) => lookup(host, options, callback as never);
}

function mustBeTls(url: string): void {
  if (!/^(mqtts|wss|ssl|tls):/i.test(url))
    throw new MqttError("USAGE", { detail: "--sni belongs to mqtts:// and wss://: without TLS no name is asked for" });
}
