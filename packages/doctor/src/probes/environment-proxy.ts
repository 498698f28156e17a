import { dial } from "./dial.ts";
import { lookUp, systemResolver } from "./look-up.ts";
import { Link } from "../wire/link.ts";

/** Whether the proxy that the environment names reaches the server. Only its name and port are sent. */
export async function reachesThroughProxy(proxy: string, host: string, port: number, ms: number): Promise<boolean> {
  let url: URL;
  try {
    url = new URL(proxy.includes("://") ? proxy : `http://${proxy}`);
  } catch {
    return false;
  }
  const { dns } = await lookUp(url.hostname.replace(/^\[|\]$/g, ""), systemResolver, ms);
  const [address] = dns.addresses ?? [];
  if (address === undefined || url.protocol !== "http:") return false;
  const { socket } = await dial(address, Number(url.port) || 80, ms);
  if (socket === undefined) return false;
  const link = new Link(socket);
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  link.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  await link.wait(ms);
  const isThrough = /^HTTP\/1\.\d 2\d\d/.test(link.take().toString("latin1"));
  link.destroy();
  return isThrough;
}

/** The proxy for a server, as curl and others read the environment. */
export function proxyIn(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  for (const name of ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]) {
    const value = environment[name];
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}
