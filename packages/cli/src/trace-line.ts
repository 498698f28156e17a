import type { TracedPacket, TracedPayload, TraceEvent } from "@bowline/broker/internal";

// Controls, and marks that turn or hide the text round them: what a peer chose must not move a terminal's cursor.
const DECEPTIVE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** One line for people about an event of a trace; undefined for what is said elsewhere. */
export function traceLine(event: TraceEvent): string | undefined {
  switch (event.kind) {
    case "packet":
      return visible(`${head(event)} ${event.direction === "in" ? ">" : "<"} ${packetText(event)}`);
    case "closed":
      return visible(`${head(event)} x ${event.reason}`);
    case "dropped":
      return `... ${event.packets} packets are missing here ...`;
    default:
      return undefined;
  }
}

function head({ at, clientIdentifier, remoteAddress }: Extract<TraceEvent, { kind: "packet" | "closed" }>): string {
  const who = clientIdentifier === "" ? `[${remoteAddress || "local"}]` : clientIdentifier;
  return `${new Date(at).toISOString().slice(11, 23)} ${who}`;
}

function packetText({ type, bytes, summary, fields, payload, fault }: TracedPacket): string {
  if (fault !== undefined) return `${type} ${bytes} bytes: ${fault}`;
  const properties = fields?.["properties"];
  const words = [type, summary, payload === undefined ? "" : payloadText(payload)];
  if (properties !== undefined) words.push(JSON.stringify(properties));
  return words.filter((word) => word !== "").join(" ");
}

function payloadText({ bytes, text, base64, isCut }: TracedPayload): string {
  const cut = isCut === true ? "..." : "";
  if (text !== undefined) return `${bytes} bytes ${JSON.stringify(text)}${cut}`;
  if (base64 === undefined) return `${bytes} bytes`;
  return `${bytes} bytes ${Buffer.from(base64, "base64").toString("hex")}${cut}`;
}

function visible(text: string): string {
  return text.replace(DECEPTIVE, (character) => `\\u{${character.charCodeAt(0).toString(16).padStart(2, "0")}}`);
}
