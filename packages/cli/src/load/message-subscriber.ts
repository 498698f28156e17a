import type { Properties, PublishPacket } from "@bowline/protocol";
import { decodePacket } from "@bowline/protocol/internal";
import { DeliveryBook } from "./delivery-book.ts";
import type { LoadContext } from "./load-context.ts";
import { topicFiltersOf, topicInTurn } from "./load-topics.ts";
import { type MessageNumbers, numbersOf } from "./message-numbers.ts";
import { nowNs } from "./monotonic-time.ts";
import type { OwnMessage } from "./own-message.ts";
import { bodyOf } from "./read-connack.ts";
import { SubscribedClient } from "./subscribed-client.ts";
import { walkPackets } from "./walk-packets.ts";

/** One subscribed client of messages of the user's own: checks topic, payload, flags, numbers and properties of each. */
export class MessageSubscriber extends SubscribedClient {
  private readonly message: OwnMessage;
  private readonly book: DeliveryBook;
  /** What a message must say, beside its numbers and its expiry, which a broker counts down. */
  private readonly expected: string;

  constructor(context: LoadContext, id: number, message: OwnMessage) {
    const { options } = context;
    super(context, id, { topicFilters: topicFiltersOf(options, options.topology === "pairs" ? id : 0), isExact: true });
    this.message = message;
    this.book = new DeliveryBook(context, id);
    this.expected = comparable(message.properties);
  }

  walk(start: number, end: number): number {
    this.book.begin(nowNs());
    const at = walkPackets(this.context.input.bytes, start, end, this.packet);
    this.sendAcknowledgements();
    this.book.settle();
    return at;
  }

  private readonly packet = (bytes: Uint8Array, at: number, end: number): void => {
    if (bytes[at]! >>> 4 !== 3) {
      this.control(bytes, at, end);
      return;
    }
    const { protocolVersion } = this.context.options.server.target;
    this.publish(decodePacket(bytes, at, bodyOf(bytes, at), end, protocolVersion) as PublishPacket);
  };

  private publish(packet: PublishPacket): void {
    const { qos, packetIdentifier, payload, properties = {} } = packet;
    if (packetIdentifier !== undefined) this.acknowledge(qos === 1 ? 0x40 : 0x50, packetIdentifier);
    const numbers = numbersOf(properties.correlationData, payload);
    if (numbers !== undefined && this.isAsSent(packet, properties, numbers)) this.book.take(numbers);
    else this.context.faults.bad++;
  }

  private isAsSent(packet: PublishPacket, properties: Properties, { publisher, sequence }: MessageNumbers): boolean {
    const { options } = this.context;
    const { messageExpiryInterval: given } = this.message.properties;
    const left = properties.messageExpiryInterval;
    return (
      packet.qos === options.qos &&
      !packet.retain &&
      packet.topicName === topicInTurn(options, publisher, sequence) &&
      (given === undefined ? left === undefined : left !== undefined && left <= given) &&
      comparable(properties) === this.expected
    );
  }
}

function comparable(all: Properties): string {
  const compared = Object.entries(all).filter(([name]) => name !== "correlationData" && name !== "messageExpiryInterval");
  return JSON.stringify(compared.sort(([a], [b]) => (a < b ? -1 : 1)));
}
