/**
 * Reads as much of a TLS ClientHello as is needed to choose the tenant: server name and ALPN list. Chunks may split it over segments and
 * records in any way; they are never changed, so that the TLS library can read the same bytes afterwards. Everything else in a ClientHello
 * is that library's business. The work is linear in the bytes, however small a stranger cuts the records.
 */
export type ClientHelloResult =
  | { readonly kind: "hello"; readonly hello: ClientHello }
  | { readonly kind: "more" }
  | { readonly kind: "malformed"; readonly reason: string }
  | { readonly kind: "tooLong" };

export interface ClientHello {
  /** The name as sent, in lower case and without a closing dot; undefined when no name was sent. */
  readonly serverName: string | undefined;
  /** What the client offers, first choice first; empty when it offers nothing. */
  readonly alpnProtocols: readonly string[];
}

/** Of all bytes on the wire. Hellos with post-quantum key shares have about 1.8 KB; a session ticket can add some KB. */
export const CLIENT_HELLO_BYTES_MAX = 16_384;

const RECORD_HEADER_BYTES = 5;
const HANDSHAKE_HEADER_BYTES = 4;
const RECORD_TYPE_HANDSHAKE = 22;
const HANDSHAKE_CLIENT_HELLO = 1;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;

export class ClientHelloReader {
  #wireBytes = 0;
  #headerFilled = 0;
  #recordLeft = 0;
  /** The handshake message, out of its records. */
  #message = new Uint8Array(1024);
  #filled = 0;

  /** Takes the next bytes. After any answer but `more` it must not be called again. */
  push(chunk: Uint8Array): ClientHelloResult {
    this.#wireBytes += chunk.length;
    try {
      this.#walk(chunk);
      const length = this.#messageLength();
      if (this.#filled >= length)
        return { kind: "hello", hello: parseBody(new Fields(this.#message.subarray(HANDSHAKE_HEADER_BYTES, length))) };
      const isTooLong = this.#wireBytes >= CLIENT_HELLO_BYTES_MAX || (length > CLIENT_HELLO_BYTES_MAX && length !== UNKNOWN_LENGTH);
      return isTooLong ? { kind: "tooLong" } : { kind: "more" };
    } catch (error) {
      if (error instanceof MalformedHello) return { kind: "malformed", reason: error.message };
      throw error;
    }
  }

  #walk(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && this.#filled < this.#messageLength(); ) {
      if (this.#recordLeft === 0) {
        this.#headerByte(chunk[at++] as number);
      } else {
        const end = Math.min(at + this.#recordLeft, chunk.length);
        this.#append(chunk.subarray(at, end));
        this.#recordLeft -= end - at;
        at = end;
      }
    }
  }

  /** Looks at each byte of a record's header as soon as it is there, so that a stranger is not waited for. */
  #headerByte(byte: number): void {
    const index = this.#headerFilled++;
    if (index === 0 && byte !== RECORD_TYPE_HANDSHAKE) throw new MalformedHello(`record type ${byte} in place of a handshake`);
    if (index === 1 && byte !== 3) throw new MalformedHello(`record version ${byte}`);
    if (index === 3) this.#recordLength = byte << 8;
    if (index < RECORD_HEADER_BYTES - 1) return;
    this.#recordLeft = this.#recordLength | byte;
    this.#headerFilled = 0;
    // [RFC 8446 5.1] A handshake record is never empty.
    if (this.#recordLeft === 0) throw new MalformedHello("an empty record");
  }
  #recordLength = 0;

  #append(bytes: Uint8Array): void {
    const needed = this.#filled + bytes.length;
    if (needed > this.#message.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#message.length));
      grown.set(this.#message.subarray(0, this.#filled));
      this.#message = grown;
    }
    this.#message.set(bytes, this.#filled);
    this.#filled = needed;
    if (this.#message[0] !== HANDSHAKE_CLIENT_HELLO)
      throw new MalformedHello(`handshake message ${this.#message[0]} in place of a ClientHello`);
  }

  #messageLength(): number {
    if (this.#filled < HANDSHAKE_HEADER_BYTES) return UNKNOWN_LENGTH;
    const [, high = 0, middle = 0, low = 0] = this.#message;
    return HANDSHAKE_HEADER_BYTES + ((high << 16) | (middle << 8) | low);
  }
}

const UNKNOWN_LENGTH = Number.POSITIVE_INFINITY;

function parseBody(body: Fields): ClientHello {
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

function parseServerName(content: Fields): string | undefined {
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

function parseAlpn(content: Fields): readonly string[] {
  const list = content.vector16();
  const protocols: string[] = [];
  while (!list.isAtEnd) protocols.push(list.vector8().latin1());
  return protocols;
}

class MalformedHello extends Error {}

/** The fields of a TLS structure, one after the other. */
class Fields {
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
    const [high = 0, low = 0] = this.#take(2);
    return (high << 8) | low;
  }

  vector8(): Fields {
    return new Fields(this.#take(this.uint8()));
  }

  vector16(): Fields {
    return new Fields(this.#take(this.uint16()));
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
