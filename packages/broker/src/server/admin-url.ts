import { MqttError } from "@bowline/protocol";
import { parseListenUrl, type TcpListenUrl } from "../listeners/listen-url.ts";

const CONSOLE_PORT = 18_084;
const ADMIN_PORT = 18_085;
/** Where every authority asks. */
const CHALLENGE_PORT = 80;

/**
 * The console's address as the URL of the listener it is: its WebSocket and admin API share its origin.
 *
 * @throws MqttError LISTEN_URL_INVALID
 */
export function parseConsoleUrl(text: string): TcpListenUrl {
  const rest = /^https:\/\/([^/?#]+)\/?$/.exec(text)?.[1];
  if (rest === undefined)
    throw new MqttError("LISTEN_URL_INVALID", { detail: `console "${text}": write it as https://localhost:${CONSOLE_PORT}` });
  return parseListenUrl(`wss://${withPort(rest, CONSOLE_PORT)}`) as TcpListenUrl;
}

/**
 * The address of `admin.listen`; http:// is for this machine alone, like every plaintext listener.
 *
 * @throws MqttError LISTEN_URL_INVALID, PLAINTEXT_OFF_LOOPBACK
 */
export function parseAdminUrl(text: string, { allowPlaintext }: { readonly allowPlaintext: boolean }): TcpListenUrl {
  const [, scheme, rest] = /^(https?):\/\/([^/?#]+)\/?$/.exec(text) ?? [];
  if (rest === undefined)
    throw new MqttError("LISTEN_URL_INVALID", { detail: `admin.listen "${text}": write it as http://127.0.0.1:${ADMIN_PORT}` });
  const url = `${scheme === "https" ? "wss" : "ws"}://${withPort(rest, ADMIN_PORT)}`;
  return parseListenUrl(url, { allowPlaintext }) as TcpListenUrl;
}

/**
 * The address of `tls.acme.listen`. Nothing secret goes there, so that it may be open to all the world without TLS.
 *
 * @throws MqttError LISTEN_URL_INVALID
 */
export function parseChallengeUrl(text: string): TcpListenUrl {
  const rest = /^http:\/\/([^/?#]+)\/?$/.exec(text)?.[1];
  if (rest === undefined)
    throw new MqttError("LISTEN_URL_INVALID", { detail: `tls.acme.listen "${text}": write it as http://*:${CHALLENGE_PORT}` });
  return parseListenUrl(`ws://${withPort(rest, CHALLENGE_PORT)}`, { allowPlaintext: true }) as TcpListenUrl;
}

function withPort(authority: string, port: number): string {
  return /:\d+$/.test(authority) ? authority : `${authority}:${port}`;
}
