import { type Packet, PacketType } from "@bowline/protocol";
import { matches, overlaps, parseShare } from "@bowline/protocol/internal";
import { AddressRanges } from "../acl/address-ranges.ts";

/** What a trace is about; what is left out is no condition. */
export interface TraceRequest {
  readonly tenant: string;
  readonly clientIdentifier?: string | undefined;
  /** Packets about topics that this filter matches, and the answers to them. */
  readonly topicFilter?: string | undefined;
  /** An address, or a range such as `10.0.0.0/8`. */
  readonly address?: string | undefined;
}

/** A connection as far as a trace chooses by it. */
export interface ScopedConnection {
  readonly tenant: string;
  readonly remoteAddress: string;
  /** Undefined before the CONNECT was read. */
  readonly clientIdentifier: string | undefined;
}

/** Decides which connections and packets a trace shows. */
export class TraceScope {
  readonly #request: TraceRequest;
  readonly #ranges: AddressRanges | undefined;

  constructor(request: TraceRequest) {
    this.#request = request;
    this.#ranges = request.address === undefined ? undefined : new AddressRanges([request.address]);
  }

  get tenant(): string {
    return this.#request.tenant;
  }

  /** Of a client that has not said who it is: whether it may turn out to be meant. */
  mayBeAbout({ tenant, remoteAddress, clientIdentifier }: ScopedConnection): boolean {
    if (tenant !== this.#request.tenant) return false;
    if (this.#ranges !== undefined && !this.#ranges.has(remoteAddress)) return false;
    return clientIdentifier === undefined || this.isClient(clientIdentifier);
  }

  isClient(clientIdentifier: string): boolean {
    const wanted = this.#request.clientIdentifier;
    return wanted === undefined || wanted === clientIdentifier;
  }

  get isByTopic(): boolean {
    return this.#request.topicFilter !== undefined;
  }

  /** Whether a packet that names topics names one that is meant. `topicName`: of a PUBLISH, behind its Topic Alias. */
  isAboutTopic(packet: Packet, topicName: string | undefined): boolean {
    const { topicFilter } = this.#request;
    if (topicFilter === undefined) return true;
    const mayMatch = (filter: string): boolean => overlaps(topicFilter, parseShare(filter)?.topicFilter ?? filter);
    switch (packet.type) {
      case PacketType.PUBLISH:
        return topicName !== undefined && matches(topicFilter, topicName);
      case PacketType.SUBSCRIBE:
        return packet.subscriptions.some((subscription) => mayMatch(subscription.topicFilter));
      case PacketType.UNSUBSCRIBE:
        return packet.topicFilters.some(mayMatch);
      case PacketType.CONNECT:
        return packet.will !== undefined && matches(topicFilter, packet.will.topicName);
      default:
        return false;
    }
  }
}
