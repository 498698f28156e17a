/**
 * Reads as much of a TLS ClientHello as is needed to choose the tenant: server name and ALPN list. It takes the bytes received so far,
 * split over segments and records in any way, and never changes them, so that the TLS library can read the same bytes afterwards.
 * Everything else in the ClientHello is that library's business.
 */
export type ClientHelloResult =
  | { readonly kind: "hello"; readonly hello: ClientHello }
  /** Nothing can be said before there are so many bytes in all. */
  | { readonly kind: "more"; readonly bytesNeeded: number }
  | { readonly kind: "malformed"; readonly reason: string }
  | { readonly kind: "tooLong" };

export interface ClientHello {
  /** The name as sent, in lower case and without a closing dot; undefined when no name was sent. */
  readonly serverName: string | undefined;
  /** What the client offers, first choice first; empty when it offers nothing. */
  readonly alpnProtocols: readonly string[];
}

/** Hellos with post-quantum key shares have about 1.8 KB; a session ticket can add some KB. */
export const CLIENT_HELLO_BYTES_MAX = 16_384;

const RECORD_HEADER_BYTES = 5;
const RECORD_PAYLOAD_BYTES_MAX = 16_384;
const HANDSHAKE_HEADER_BYTES = 4;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;

export function parseClientHello(bytes: Uint8Array): ClientHelloResult {
  const message = joinRecords(bytes);
  if (!(message instanceof Uint8Array)) return message;
  try {
    return { kind: "hello", hello: parseBody(new Reader(message)) };
  } catch (error) {
    if (error instanceof MalformedHello) return { kind: "malformed", reason: error.message };
    throw error;
  }
}

/** The handshake message without its header, taken out of the records that carry it, once all of it is there. */
function joinRecords(bytes: Uint8Array): Uint8Array | ClientHelloResult {
  const fragments: Uint8Array[] = [];
  let joinedLength = 0;
  let messageLength = Number.POSITIVE_INFINITY;
  let at = 0;
  while (joinedLength < messageLength) {
    const fault = recordFault(bytes, at);
    if (fault !== undefined) return { kind: "malformed", reason: fault };
    if (bytes.length < at + RECORD_HEADER_BYTES) return needs(at + RECORD_HEADER_BYTES);
    const payloadAt = at + RECORD_HEADER_BYTES;
    at = payloadAt + uint16(bytes, at + 3);
    const payload = bytes.subarray(payloadAt, at);
    fragments.push(payload);
    joinedLength += payload.length;
    if (messageLength === Number.POSITIVE_INFINITY && joinedLength >= HANDSHAKE_HEADER_BYTES) {
      const header = concat(fragments, joinedLength);
      if (header[0] !== 1) return { kind: "malformed", reason: `handshake message ${header[0]} in place of a ClientHello` };
      messageLength = HANDSHAKE_HEADER_BYTES + ((header[1] as number) << 16) + uint16(header, 2);
      if (messageLength > CLIENT_HELLO_BYTES_MAX) return { kind: "tooLong" };
    }
    if (bytes.length < at && joinedLength < messageLength) return needs(at);
  }
  return concat(fragments, joinedLength).subarray(HANDSHAKE_HEADER_BYTES, messageLength);
}

/** Records of one byte each would make a short message long, so the limit holds for the bytes on the wire too. */
function needs(bytesNeeded: number): ClientHelloResult {
  return bytesNeeded > CLIENT_HELLO_BYTES_MAX ? { kind: "tooLong" } : { kind: "more", bytesNeeded };
}

/** Looks at each byte of a record's header as soon as it is there, so that a stranger is not waited for. */
function recordFault(bytes: Uint8Array, at: number): string | undefined {
  if (bytes.length > at && bytes[at] !== 22) return `record type ${bytes[at]} in place of a handshake`;
  if (bytes.length > at + 1 && bytes[at + 1] !== 3) return `record version ${bytes[at + 1]}`;
  if (bytes.length < at + RECORD_HEADER_BYTES) return undefined;
  const length = uint16(bytes, at + 3);
  // [RFC 8446 5.1] A handshake record is never empty; accepting empty ones would let a peer send them without end.
  return length === 0 || length > RECORD_PAYLOAD_BYTES_MAX ? `record length ${length}` : undefined;
}

function parseBody(body: Reader): ClientHello {
  body.skip(2 + 32); // legacy_version, random
  body.vector8(); // legacy_session_id
  body.vector16(); // cipher_suites
  body.vector8(); // legacy_compression_methods
  let serverName: string | undefined;
  let alpnProtocols: readonly string[] = [];
  if (body.isAtEnd) return { serverName, alpnProtocols };
  const extensions = body.vector16();
  while (!extensions.isAtEnd) {
    const type = extensions.uint16();
    const content = extensions.vector16();
    if (type === EXTENSION_SERVER_NAME) serverName = parseServerName(content);
    else if (type === EXTENSION_ALPN) alpnProtocols = parseAlpn(content);
  }
  return { serverName, alpnProtocols };
}

function parseServerName(content: Reader): string | undefined {
  const list = content.vector16();
  while (!list.isAtEnd) {
    const type = list.uint8();
    const name = list.vector16();
    if (type !== 0) continue;
    const text = name.latin1();
    // What is not printable ASCII is no host name, and must not reach a log or a tenant look-up in another shape.
    if (!/^[\x21-\x7e]{1,255}$/.test(text)) throw new MalformedHello("server name of other than 1 to 255 printable characters");
    return text.toLowerCase().replace(/\.$/, "");
  }
  return undefined;
}

function parseAlpn(content: Reader): readonly string[] {
  const list = content.vector16();
  const protocols: string[] = [];
  while (!list.isAtEnd) protocols.push(list.vector8().latin1());
  return protocols;
}

class MalformedHello extends Error {}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  skip(count: number): void {
    this.#take(count);
  }

  uint8(): number {
    return this.#take(1)[0] as number;
  }

  uint16(): number {
    return uint16(this.#take(2), 0);
  }

  vector8(): Reader {
    return new Reader(this.#take(this.uint8()));
  }

  vector16(): Reader {
    return new Reader(this.#take(this.uint16()));
  }

  latin1(): string {
    return String.fromCharCode(...this.#bytes);
  }

  #take(count: number): Uint8Array {
    if (this.#at + count > this.#bytes.length) throw new MalformedHello(`a length runs past the end at byte ${this.#at}`);
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function concat(fragments: readonly Uint8Array[], length: number): Uint8Array {
  if (fragments.length === 1) return fragments[0] as Uint8Array;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const fragment of fragments) {
    joined.set(fragment, at);
    at += fragment.length;
  }
  return joined;
}
