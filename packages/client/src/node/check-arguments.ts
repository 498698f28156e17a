import { MqttError } from "@bowline/protocol";
import { closestName } from "@bowline/protocol/internal";
import type { ConnectOptions } from "../options.ts";

const OPTIONS: Readonly<Record<keyof ConnectOptions, true>> = {
  protocolVersion: true,
  credentials: true,
  session: true,
  servers: true,
  reliable: true,
  will: true,
  onPageHide: true,
  probe: true,
  keepAlive: true,
  connectTimeoutMs: true,
  drainTimeoutMs: true,
  reconnect: true,
  outbox: true,
  tls: true,
  headers: true,
  proxy: true,
  socket: true,
  receiveMaximum: true,
  maximumPacketSize: true,
  topicAliasMaximum: true,
  topicAliases: true,
  requestResponseInformation: true,
  requestProblemInformation: true,
  userProperties: true,
  ackTimeoutMs: true,
  onPacket: true,
  transport: true,
  clock: true,
  random: true,
};

/** Where options stand that other clients have at the top. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  username: "credentials: { username }",
  password: "credentials: { password }",
  clientId: "session: { clientId }",
  clean: "session: { expiryInterval }",
  keepalive: "keepAlive",
  connectTimeout: "connectTimeoutMs",
  reconnectPeriod: "reconnect",
  ca: "tls: { ca }",
  cert: "tls: { cert }",
  key: "tls: { key }",
  rejectUnauthorized: "tls: { rejectUnauthorized }",
};

/** Each name is told once: a program that makes many clients must not fill its log. */
const told = new Set<string>();

/**
 * What a program in JavaScript gets wrong without a compiler: an option that there is not would have no effect, and a client without the
 * user name it was given is refused by the server with a reason that leads elsewhere.
 *
 * @throws MqttError URL_INVALID
 */
export function checkArguments(url: unknown, options: object): void {
  if (typeof url !== "string")
    throw new MqttError("URL_INVALID", { detail: "the first argument of connect is the URL of the server, a string" });
  for (const name of Object.keys(options)) if (!Object.hasOwn(OPTIONS, name)) tell(name);
}

function tell(name: string): void {
  if (told.has(name)) return;
  told.add(name);
  const meant = Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : closestName(name, Object.keys(OPTIONS));
  // oxlint-disable-next-line no-console -- The connection may work all the same, so that there is no failure to tell it by.
  console.warn(`bowline: connect has no option ${name}${meant === undefined ? "" : `: write ${meant}`}`);
}
