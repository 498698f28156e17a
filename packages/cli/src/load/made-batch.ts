import type { Properties, ProtocolVersion } from "@bowline/protocol";
import { encodePacket, OutBuffer } from "@bowline/protocol/internal";
import { compileTemplate } from "../messages/template.ts";
import type { LoadOptions } from "./load-options.ts";
import { topicInTurn } from "./load-topics.ts";
import { numbersToBytes } from "./message-numbers.ts";
import { isNumbered, type OwnMessage } from "./own-message.ts";
import { batchCapacity, type PublishBatch } from "./publish-batch.ts";

/** What a header and its properties may add to a payload, for the size of a batch. */
const HEADER_SIZE = 256;

/** Messages with payloads and properties of the user's own, encoded one by one. */
export class MadeBatch implements PublishBatch {
  private readonly options: LoadOptions;
  private readonly version: ProtocolVersion;
  private readonly publisher: number;
  private readonly message: OwnMessage;
  private readonly payloads: readonly ((sequence: number) => Uint8Array)[];
  private readonly isNumbered: boolean;
  private readonly capacity: number;
  private readonly packets: OutBuffer = new OutBuffer();
  private filled = 0;
  /** Topics that may have an alias, which is their turn from 1 on. */
  private aliases = 0;

  constructor(options: LoadOptions, message: OwnMessage, publisher: number) {
    this.options = options;
    this.version = options.server.target.protocolVersion;
    this.publisher = publisher;
    this.message = message;
    this.payloads = message.payloads.map((payload) => payloadMaker(payload, message.isTemplate));
    this.isNumbered = isNumbered(message, this.version);
    const largest = Math.max(...message.payloads.map(({ length }) => length));
    this.capacity = batchCapacity(largest + HEADER_SIZE, options.window, options.publishers);
  }

  get room(): number {
    return this.capacity - this.filled;
  }

  get isEmpty(): boolean {
    return this.filled === 0;
  }

  put(sequence: number, timeNs: number, packetIdentifier: number): void {
    const { options, version, payloads } = this;
    const { qos, retain, topics } = options;
    // Publishers begin at different payloads, so that few messages of each still are of all kinds.
    const payload = payloads[(sequence + this.publisher) % payloads.length]!(sequence);
    const number = sequence >>> 0;
    const alias = (number % topics) + 1;
    const hasAlias = alias <= this.aliases;
    encodePacket(
      this.packets,
      {
        type: 3,
        // [MQTT-3.3.2-8]: a topic of no length is the one that the alias stands for.
        topicName: hasAlias && sequence >= topics ? "" : topicInTurn(options, this.publisher, number),
        payload,
        qos,
        retain,
        dup: false,
        ...(qos === 0 ? {} : { packetIdentifier }),
        ...(version === 5 ? { properties: this.properties(number, timeNs, payload, hasAlias ? alias : 0) } : {}),
      },
      version,
    );
    this.filled++;
  }

  view(): Uint8Array {
    return this.packets.view();
  }

  release(reusable: boolean): void {
    if (this.filled > 0) this.packets.release(reusable);
    this.filled = 0;
  }

  useAliases(maximum: number): void {
    if (this.message.hasAliases) this.aliases = Math.min(maximum, this.options.topics);
  }

  private properties(sequence: number, timeNs: number, payload: Uint8Array, topicAlias: number): Properties {
    const numbers = { timeNs, publisher: this.publisher, sequence };
    return {
      ...this.message.properties,
      ...(topicAlias === 0 ? {} : { topicAlias }),
      ...(this.isNumbered ? { correlationData: numbersToBytes(numbers, payload) } : {}),
    };
  }
}

function payloadMaker(payload: Uint8Array, isTemplate: boolean): (sequence: number) => Uint8Array {
  if (!isTemplate) return () => payload;
  const template = compileTemplate(Buffer.from(payload).toString());
  return (sequence) => Buffer.from(template(sequence + 1));
}
