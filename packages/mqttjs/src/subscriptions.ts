import type {
  Properties,
  ProtocolVersion,
  RetainHandling,
  SubackPacket,
  SubscriptionRequest,
  UnsubackPacket,
} from "@bowline/protocol";
import { subscribeFault } from "@bowline/client/internal";
import type { ClientConnection } from "@bowline/protocol/internal";
import { ErrorWithReasonCode, ErrorWithSubackPacket, ReasonCodes } from "./errors.ts";
import type { IClientSubscribeOptions, ISubscriptionGrant, ISubscriptionRequest } from "./options.ts";
import type { PacketCallback } from "./outgoing-publish.ts";
import type { ISubackPacket } from "./packets.ts";
import { toProperties } from "./properties.ts";
import { toPacket } from "./to-packet.ts";

export type ClientSubscribeCallback = (err: Error | null, granted?: ISubscriptionGrant[], packet?: ISubackPacket) => void;

/** What the application subscribed to and did not give up. */
interface Remembered {
  readonly request: ISubscriptionRequest;
  /** A SUBSCRIBE has left; before that it waits in the client's own queue. */
  isSent: boolean;
  isGranted: boolean;
}
/** A SUBSCRIBE that was not answered. */
interface Asked {
  readonly requests: readonly ISubscriptionRequest[];
  readonly callback: ClientSubscribeCallback | undefined;
}

/**
 * Subscriptions of the application: remembered from the call on, so that they can be made again on a connection whose session the
 * server did not keep, and the SUBSCRIBEs and UNSUBSCRIBEs under way.
 */
export class Subscriptions {
  /** The Packet Identifier given last. */
  lastIdentifier = 0;
  private readonly versionOf: () => ProtocolVersion;
  private readonly remembered = new Map<string, Remembered>();
  private readonly asked = new Map<number, Asked>();
  private readonly leaving = new Map<number, PacketCallback | undefined>();

  constructor(versionOf: () => ProtocolVersion) {
    this.versionOf = versionOf;
  }

  private get version(): ProtocolVersion {
    return this.versionOf();
  }

  /** Those that are not subscribed already with the same QoS or more. */
  fresh(requests: readonly ISubscriptionRequest[]): ISubscriptionRequest[] {
    return requests.filter(({ topic, qos }) => (this.remembered.get(topic)?.request.qos ?? -1) < qos);
  }

  remember(requests: readonly ISubscriptionRequest[]): void {
    for (const request of requests) this.remembered.set(request.topic, { request, isSent: false, isGranted: false });
  }

  /** What is made again on a new session, as MQTT.js shows it. */
  get toResubscribe(): Record<string, IClientSubscribeOptions> {
    // A Topic Filter may be called __proto__.
    return Object.fromEntries([...this.remembered.values()].map(({ request: { topic, ...options } }) => [topic, options]));
  }

  /** What the server has not answered: SUBSCRIBEs and UNSUBSCRIBEs. */
  *unanswered(): Generator<[number, "subscribe" | "unsubscribe", (error: Error) => void]> {
    for (const [id, { callback }] of this.asked) yield [id, "subscribe", (error) => callback?.(error)];
    for (const [id, callback] of this.leaving) yield [id, "unsubscribe", (error) => callback?.(error)];
  }

  askedTopics(): [number, string[]][] {
    return [...this.asked].map(([id, { requests }]) => [id, requests.map(({ topic }) => topic)]);
  }

  forget(topics: readonly string[]): void {
    for (const topic of topics) this.remembered.delete(topic);
  }

  /**
   * Before a SUBSCRIBE leaves; what is refused is remembered no longer.
   *
   * @throws MqttError for what the server said that it does not take
   */
  check(requests: readonly ISubscriptionRequest[], limits: Properties): void {
    for (const request of requests) {
      const fault = subscribeFault(requestOf(request), undefined, limits);
      if (fault === undefined) continue;
      this.forget(requests.map(({ topic }) => topic));
      throw fault;
    }
  }

  /** A server has granted some, at one time. */
  get hasGranted(): boolean {
    return [...this.remembered.values()].some(({ isGranted }) => isGranted);
  }

  forgetAll(): void {
    this.remembered.clear();
  }

  /** Sends a SUBSCRIBE; false when no Packet Identifier is free. */
  send(engine: ClientConnection, requests: readonly ISubscriptionRequest[], callback?: ClientSubscribeCallback): boolean {
    const properties = this.version === 5 ? toProperties(requests[0]?.properties) : undefined;
    const id = engine.subscribe(requests.map(requestOf), properties);
    if (id === 0) return false;
    this.lastIdentifier = id;
    this.asked.set(id, { requests, callback });
    for (const { topic } of requests) {
      const entry = this.remembered.get(topic);
      if (entry !== undefined) entry.isSent = true;
    }
    return true;
  }

  /** Sends an UNSUBSCRIBE; as `send`. */
  sendLeave(
    engine: ClientConnection,
    topics: readonly string[],
    properties: object | undefined,
    callback?: PacketCallback,
  ): boolean {
    const id = engine.unsubscribe(topics, this.version === 5 ? toProperties(properties) : undefined);
    if (id === 0) return false;
    this.lastIdentifier = id;
    this.leaving.set(id, callback);
    return true;
  }

  /** Subscribes again to what the server does not have: everything without a session, else what it never answered. */
  renew(engine: ClientConnection, hasSession: boolean): void {
    const lost = [...this.remembered.values()].filter((entry) => entry.isSent && !(hasSession && entry.isGranted));
    const requests = lost.map(({ request }) => request);
    // On 5.0 each may have properties of its own, which belong to a whole SUBSCRIBE.
    const batches = this.version === 5 ? requests.map((request) => [request]) : requests.length > 0 ? [requests] : [];
    for (const batch of batches) this.send(engine, batch);
  }

  answered(packet: SubackPacket): void {
    const { packetIdentifier, reasonCodes } = packet;
    const { requests, callback } = this.asked.get(packetIdentifier) ?? { requests: [], callback: undefined };
    this.asked.delete(packetIdentifier);
    const grants = requests.map((request, index) => this.granted(request, reasonCodes[index] ?? 0x80));
    const shown = toPacket(packet, this.version) as ISubackPacket;
    const refused = reasonCodes.find((code) => code >= 0x80);
    if (refused === undefined) callback?.(null, grants, shown);
    else callback?.(new ErrorWithSubackPacket(`Subscribe error: ${ReasonCodes[refused]}`, shown), grants, shown);
  }

  left(packet: UnsubackPacket): void {
    const callback = this.leaving.get(packet.packetIdentifier);
    this.leaving.delete(packet.packetIdentifier);
    const refused = packet.reasonCodes.find((code) => code >= 0x80);
    const error = refused === undefined ? null : new ErrorWithReasonCode(`Unsubscribe error: ${ReasonCodes[refused]}`, refused);
    callback?.(error ?? (null as unknown as undefined), toPacket(packet, this.version));
  }

  /** The connection is gone: what was not answered will not be. What was subscribed is still remembered. */
  disconnected(error: Error): void {
    const callbacks = [
      ...[...this.asked.values()].map(
        ({ requests, callback }) =>
          () =>
            callback?.(error, requests as ISubscriptionGrant[]),
      ),
      ...[...this.leaving.values()].map((callback) => () => callback?.(error)),
    ];
    this.asked.clear();
    this.leaving.clear();
    for (const call of callbacks) call();
  }

  private granted(request: ISubscriptionRequest, code: number): ISubscriptionGrant {
    const entry = this.remembered.get(request.topic);
    if (code >= 0x80) this.remembered.delete(request.topic);
    else if (entry !== undefined) entry.isGranted = true;
    return { ...request, qos: code } as ISubscriptionGrant;
  }
}

function requestOf({ topic, qos, nl = false, rap = false, rh = 0 }: ISubscriptionRequest): SubscriptionRequest {
  return { topicFilter: topic, qos, noLocal: nl, retainAsPublished: rap, retainHandling: rh as RetainHandling };
}
