import type { TracedPacket, TracedPayload, TraceEvent } from "@bowline/broker/internal";

// Controls, and marks that turn or hide the text round them: what a peer chose must not move a terminal's cursor.
const DECEPTIVE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const VERSIONS: Readonly<Record<number, string>> = { 3: "3.1", 4: "3.1.1", 5: "5.0" };

/** One line for people about an event of a trace; undefined for what is said elsewhere. */
export function traceLine(event: TraceEvent): string | undefined {
  switch (event.kind) {
    case "packet":
      return `${head(event)} ${event.direction === "in" ? ">" : "<"} ${event.type}${rest(event)}`;
    case "closed":
      return `${head(event)} x ${visible(event.reason)}`;
    case "dropped":
      return `... ${event.packets} packets are missing here ...`;
    default:
      return undefined;
  }
}

function head({ at, clientIdentifier, remoteAddress }: Extract<TraceEvent, { kind: "packet" | "closed" }>): string {
  const who = clientIdentifier === "" ? `[${remoteAddress || "local"}]` : visible(clientIdentifier);
  return `${new Date(at).toISOString().slice(11, 23)} ${who}`;
}

function rest({ type, bytes, fields, payload, fault }: TracedPacket): string {
  if (fields === undefined) return ` ${bytes} bytes: ${fault ?? ""}`;
  const { properties, ...own } = fields;
  const words = type === "PUBLISH" ? publishWords(own, payload) : type === "CONNECT" ? connectWords(own) : otherWords(own);
  const more = properties === undefined ? "" : ` ${visible(JSON.stringify(properties))}`;
  return `${words === "" ? "" : ` ${words}`}${more}`;
}

interface PublishWords {
  topicName?: string;
  qos?: number;
  packetIdentifier?: number;
  retain?: boolean;
  dup?: boolean;
}

function publishWords({ topicName = "", qos = 0, packetIdentifier, retain, dup }: PublishWords, payload?: TracedPayload): string {
  const words = [visible(topicName) || "(unknown Topic Alias)", `QoS ${qos}`];
  if (packetIdentifier !== undefined) words.push(`id ${packetIdentifier}`);
  if (retain === true) words.push("retain");
  if (dup === true) words.push("dup");
  if (payload !== undefined) words.push(payloadWords(payload));
  return words.join(" ");
}

function payloadWords({ bytes, text, base64, isCut }: TracedPayload): string {
  const cut = isCut === true ? "..." : "";
  if (text !== undefined) return `${bytes} bytes ${visible(JSON.stringify(text))}${cut}`;
  if (base64 === undefined) return `${bytes} bytes`;
  return `${bytes} bytes ${Buffer.from(base64, "base64").toString("hex")}${cut}`;
}

interface ConnectWords {
  protocolVersion?: number;
  cleanStart?: boolean;
  keepAlive?: number;
  username?: string;
  password?: string;
  will?: { topicName?: string };
}

function connectWords({ protocolVersion = 0, cleanStart, keepAlive, username, password, will }: ConnectWords): string {
  const words = [`MQTT ${VERSIONS[protocolVersion] ?? protocolVersion}`];
  if (cleanStart === true) words.push("clean start");
  words.push(`keep alive ${keepAlive} s`);
  if (username !== undefined) words.push(`user ${visible(username)}`);
  if (password !== undefined) words.push("password hidden");
  if (will !== undefined) words.push(`will ${visible(will.topicName ?? "")}`);
  return words.join(", ");
}

interface OtherWords {
  packetIdentifier?: number;
  reasonCode?: number;
  reasonCodes?: readonly number[];
  sessionPresent?: boolean;
  subscriptions?: readonly { topicFilter: string; qos: number }[];
  topicFilters?: readonly string[];
}

function otherWords(fields: OtherWords): string {
  const { packetIdentifier, reasonCode, reasonCodes, sessionPresent, subscriptions, topicFilters } = fields;
  const words: string[] = [];
  if (packetIdentifier !== undefined) words.push(`id ${packetIdentifier}`);
  if (reasonCode !== undefined) words.push(hex(reasonCode));
  if (reasonCodes !== undefined) words.push(...reasonCodes.map(hex));
  if (sessionPresent === true) words.push("session present");
  for (const { topicFilter, qos } of subscriptions ?? []) words.push(`${visible(topicFilter)} QoS ${qos}`);
  if (topicFilters !== undefined) words.push(...topicFilters.map(visible));
  return words.join(", ");
}

function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, "0")}`;
}

function visible(text: string): string {
  return text.replace(DECEPTIVE, (character) => `\\u{${character.charCodeAt(0).toString(16).padStart(2, "0")}}`);
}
