import type { LoadOptions } from "./load-options.ts";
import { writeTopicNumber } from "./load-topics.ts";
import { batchCapacity, type PublishBatch } from "./publish-batch.ts";
import { type PublishTemplate, publishTemplate, SEQUENCE_AT, TIME_AT } from "./publish-template.ts";

/** Ready-made packets side by side, of which only time, sequence number, topic number and Packet Identifier are written anew. */
export class ReadyBatch implements PublishBatch {
  private readonly template: PublishTemplate;
  private readonly packets: Buffer;
  private readonly fields: DataView;
  private readonly capacity: number;
  private readonly topics: number;
  private readonly hasIdentifier: boolean;
  private filled = 0;

  constructor(options: LoadOptions, publisher: number) {
    this.template = publishTemplate(options, publisher);
    this.topics = options.topics;
    this.hasIdentifier = options.qos > 0;
    const { bytes } = this.template;
    this.capacity = batchCapacity(bytes.length, options.window, options.publishers);
    this.packets = Buffer.allocUnsafeSlow(this.capacity * bytes.length);
    for (let i = 0; i < this.capacity; i++) this.packets.set(bytes, i * bytes.length);
    this.fields = new DataView(this.packets.buffer, this.packets.byteOffset, this.packets.length);
  }

  get room(): number {
    return this.capacity - this.filled;
  }

  get isEmpty(): boolean {
    return this.filled === 0;
  }

  put(sequence: number, timeNs: number, packetIdentifier: number): void {
    const { fields, template, topics } = this;
    const at = this.filled++ * template.bytes.length;
    const payload = at + template.payloadAt;
    const number = sequence >>> 0;
    fields.setFloat64(payload + TIME_AT, timeNs, true);
    fields.setUint32(payload + SEQUENCE_AT, number, true);
    if (template.trailerAt > 0) fields.setUint32(at + template.trailerAt, number, true);
    if (topics > 1) writeTopicNumber(fields, at + template.identifierAt, number, topics);
    if (this.hasIdentifier) fields.setUint16(at + template.identifierAt, packetIdentifier);
  }

  view(): Uint8Array {
    return this.packets.subarray(0, this.filled * this.template.bytes.length);
  }

  release(): void {
    this.filled = 0;
  }

  useAliases(): void {
    // Headers of one length are what makes these packets fast: with Topic Aliases messages are made one by one.
  }
}
