import { ownBytes } from "../packet/bytes.ts";

/**
 * Topic Aliases that the peer set on this Network Connection (section 3.3.2.3.4). The mapping dies with the connection.
 */
export class InboundAliases {
  private readonly topics: (Uint8Array | undefined)[] = [];

  /** Remembers a copy of chunk[start, end) under the alias. */
  set(alias: number, chunk: Uint8Array, start: number, end: number): void {
    this.topics[alias] = ownBytes(chunk, start, end);
  }

  get(alias: number): Uint8Array | undefined {
    return this.topics[alias];
  }
}
