/** Bytes of each payload. */
export const PAYLOAD_SIZE = 64;
/** What a client subscribes to. */
export const TOPIC_FILTER = "bench/topic/+";
const TOPICS: readonly string[] = Array.from("abcdefghijklmnop", (letter) => `bench/topic/${letter}`);
/**
 * Numbers that are told apart: message `i` carries `i % NUMBERS`, twice. More messages than this are never under way, so that a lost,
 * doubled or late one is always seen, and a client can publish from payloads that were made before.
 */
export const NUMBERS = 1024;

/** The topic of a message, of which there are so many: a power of two, 16 at the most. */
export function topicOf(message: number, topics: number): string {
  return TOPICS[message & (topics - 1)]!;
}

/** The payloads in their order. */
export function numberedPayloads(): readonly Buffer[] {
  return Array.from({ length: NUMBERS }, (_, number) => {
    const payload = Buffer.alloc(PAYLOAD_SIZE, "x");
    payload.writeUInt16BE(number, 0);
    payload.writeUInt16BE(number, PAYLOAD_SIZE - 2);
    return payload;
  });
}

/** Whether the payload, which begins at `at`, is that of the message. */
export function isPayloadOf(bytes: Uint8Array, at: number, length: number, message: number): boolean {
  const high = (message >>> 8) & 3;
  const low = message & 0xff;
  const last = at + PAYLOAD_SIZE - 2;
  return length === PAYLOAD_SIZE && bytes[at] === high && bytes[at + 1] === low && bytes[last] === high && bytes[last + 1] === low;
}
