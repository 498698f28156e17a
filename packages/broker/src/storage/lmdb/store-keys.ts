import { createHash } from "node:crypto";

/**
 * The keys of all tables. They are ordered bytes, so that everything of a tenant, and everything below a session, is one range.
 *
 * A key begins with its tenant, or with the number of a session or a message: those numbers are given once in the store's life
 * and belong to one tenant, whom their records name. LMDB's keys end at 1,978 bytes and MQTT's strings at 65,535, so a string of
 * more than 200 bytes goes in as its SHA-256 with the whole string in the record, compared when it is read.
 */

const longestPlainString = 200;
const hashMark = 0xff;

/** The bytes of a session, message or sequence number in a key: big-endian, so that order of keys is order of numbers. */
export const numberBytes = 6;

/** The key of a message or a session, and the prefix of everything below a session. */
export function numberKey(id: number): Buffer {
  const key = Buffer.allocUnsafe(numberBytes);
  key.writeUIntBE(id, 0, numberBytes);
  return key;
}

export function queueKey(sessionId: number, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(2 * numberBytes);
  key.writeUIntBE(sessionId, 0, numberBytes);
  key.writeUIntBE(sequence, numberBytes, numberBytes);
  return key;
}

export function inboundKey(sessionId: number, packetIdentifier: number): Buffer {
  const key = Buffer.allocUnsafe(numberBytes + 2);
  key.writeUIntBE(sessionId, 0, numberBytes);
  key.writeUInt16BE(packetIdentifier, numberBytes);
  return key;
}

export function subscriptionKey(sessionId: number, topicFilter: string): Buffer {
  return Buffer.concat([numberKey(sessionId), stringPart(Buffer.from(topicFilter))]);
}

export function retainedKey(tenant: string, topicName: Uint8Array): Buffer {
  return Buffer.concat([stringPart(Buffer.from(tenant)), stringPart(topicName)]);
}

/** The key of a user or a rule. */
export function namedKey(tenant: string, name: string): Buffer {
  return Buffer.concat([stringPart(Buffer.from(tenant)), stringPart(Buffer.from(name))]);
}

/** The smallest key that no key beginning with `prefix` reaches; the prefix must have a byte below 255. */
export function endOfPrefix(prefix: Uint8Array): Buffer {
  const end = Buffer.from(prefix);
  for (let at = end.length - 1; at >= 0; at--) {
    if (end[at] !== 0xff) {
      end[at] = (end[at] as number) + 1;
      return end.subarray(0, at + 1);
    }
  }
  throw new RangeError("every byte of the prefix is 255");
}

/** A string with its length in front, which keeps "a" + "bc" and "ab" + "c" apart. */
function stringPart(bytes: Uint8Array): Buffer {
  if (bytes.length <= longestPlainString) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  return Buffer.concat([Buffer.of(hashMark), createHash("sha256").update(bytes).digest()]);
}
