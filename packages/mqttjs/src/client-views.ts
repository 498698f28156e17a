import { OutgoingPublish, type PacketCallback } from "./outgoing-publish.ts";
import type { Outbox } from "./outbox.ts";
import type { IMessageIdProvider } from "./message-id-provider.ts";
import type { Packet } from "./packets.ts";
import { type IStore, Store } from "./store.ts";
import type { Subscriptions } from "./subscriptions.ts";

// What MQTT.js keeps in fields of its client, and applications look at although it is internal: made when it is asked for.

/** What waits for its answer. */
export type PendingCommand = "publish" | "pubrel" | "subscribe" | "unsubscribe";
export interface Outgoing {
  volatile: boolean;
  cmd: PendingCommand;
  cb: (error: Error, packet?: Packet) => void;
}

/** What waits for a connection, but for messages with QoS 1 and 2, which are in `outgoing`. */
export function queueOf(outbox: Outbox): { packet: Packet; cb: PacketCallback }[] {
  return outbox.waiting.flatMap((next) => {
    if (!(next instanceof OutgoingPublish)) {
      return [{ packet: { ...next.packet, messageId: next.promised }, cb: (error) => error && next.fail(error) }];
    }
    return next.qos > 0 ? [] : [{ packet: next.packet(), cb: (error, packet) => next.settle(error, packet) }];
  });
}

/** What was asked for and not answered, by Packet Identifier. */
export function outgoingOf(outbox: Outbox, subscriptions: Subscriptions): Record<number, Outgoing> {
  const outgoing: Record<number, Outgoing> = {};
  for (const entry of outbox.unacknowledged) {
    if (entry.isRemoved) continue;
    const cmd = entry.message === undefined ? "pubrel" : "publish";
    outgoing[entry.messageId] = { volatile: false, cmd, cb: (error, packet) => entry.settle(error, packet) };
  }
  for (const [messageId, cmd, cb] of subscriptions.unanswered()) outgoing[messageId] = { volatile: true, cmd, cb };
  for (const next of outbox.waiting) {
    if (next instanceof OutgoingPublish) continue;
    outgoing[next.promised] = { volatile: true, cmd: next.packet.cmd as PendingCommand, cb: (error) => next.fail(error) };
  }
  return outgoing;
}

/** Topic Filters of SUBSCRIBEs that were not answered, by Packet Identifier. */
export function topicsOf(outbox: Outbox, subscriptions: Subscriptions): Record<number, string[]> {
  const topics: Record<number, string[]> = Object.fromEntries(subscriptions.askedTopics());
  for (const next of outbox.waiting) {
    if (next instanceof OutgoingPublish || next.packet.cmd !== "subscribe") continue;
    topics[next.promised] = next.packet.subscriptions.map(({ topic }) => topic);
  }
  return topics;
}

/** The Packet Identifiers of a client without a provider of the application's. */
export function ownIdentifiers(outbox: Outbox, last: () => number): IMessageIdProvider {
  const { identifiers } = outbox;
  return {
    allocate: () => {
      const id = identifiers.promise();
      if (id !== 0) identifiers.lent.add(id);
      return id || null;
    },
    getLastAllocated: last,
    register: (id) => identifiers.reserve(id),
    deallocate: (id) => identifiers.withdraw(id),
    clear: () => undefined,
  };
}

/** The session as a store; what is changed in it changes nothing else. */
export function storeOf(packets: readonly Packet[]): IStore {
  const store = new Store();
  for (const packet of packets) store.put(packet);
  return store;
}

export function outgoingPackets({ unacknowledged }: Outbox): Packet[] {
  return unacknowledged.filter(({ isRemoved }) => !isRemoved).map((entry) => entry.packet());
}

export function incomingPackets({ session }: Outbox): Packet[] {
  const packets: Packet[] = [];
  session.inbound.forEach((messageId) => packets.push({ cmd: "publish", qos: 2, messageId } as Packet));
  return packets;
}
