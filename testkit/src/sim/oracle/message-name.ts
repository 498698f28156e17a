import { Buffer } from "node:buffer";

/** The payload of a message: its name, and filler up to the size. */
export function payloadOf(message: string, size: number): Uint8Array {
  return Buffer.from(`${message}|`.padEnd(size, "x"));
}

/** The name of the message that a payload belongs to; empty for an empty payload, which only clears a retained message. */
export function messageOf(payload: Uint8Array): string {
  const text = Buffer.from(payload).toString("latin1");
  return text.slice(0, text.indexOf("|") < 0 ? text.length : text.indexOf("|"));
}
