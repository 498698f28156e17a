import type { SubscriptionRequest } from "@bowline/protocol";
import { OutboundState } from "@bowline/protocol/internal";
import { PendingPublication } from "../publication.ts";
import type { StoredRecord } from "./session-store.ts";
import { damaged, decodeJson, decodeMessage, decodeWay, NO_VALUE, numberIn, SESSION_KEY, type Way } from "./stored-records.ts";

interface StoredSession {
  readonly clientId: string;
  /** The server had it at some time. */
  readonly wasConnected?: boolean;
}

/** What a store had, put together again. */
export class LoadedSession {
  clientId: string | undefined = undefined;
  wasConnected: boolean = false;
  /** In the order in which they were published. */
  readonly publications: readonly PendingPublication[];
  readonly nextSequence: number;
  readonly ways: Set<number> = new Set();
  readonly inboundIds: Set<number> = new Set();
  readonly subscriptions: SubscriptionRequest[] = [];

  /** @throws MqttError STORE_DAMAGED */
  constructor(storeName: string, found: Iterable<StoredRecord>) {
    const messages = new Map<number, PendingPublication>();
    const ways = new Map<number, Way>();
    for (const [key, value] of found) {
      try {
        if (key === SESSION_KEY) this.setSession(decodeJson(value) as StoredSession);
        else if (key.startsWith("m")) messages.set(numberIn(key), decodeMessage(value));
        else if (key.startsWith("w")) ways.set(numberIn(key), decodeWay(value));
        else if (key.startsWith("i")) this.inboundIds.add(numberIn(key));
        else if (key.startsWith("s")) this.subscriptions.push(decodeJson(value) as SubscriptionRequest);
      } catch (error) {
        throw damaged(storeName, key, error);
      }
    }
    for (const [sequence, way] of ways) this.join(messages, sequence, way);
    this.publications = [...messages].map(([sequence, publication]) => Object.assign(publication, { sequence })).sort(bySequence);
    this.nextSequence = (this.publications.at(-1)?.sequence ?? 0) + 1;
  }

  private setSession({ clientId, wasConnected = false }: StoredSession): void {
    this.clientId = clientId;
    this.wasConnected = wasConnected;
  }

  private join(messages: Map<number, PendingPublication>, sequence: number, way: Way): void {
    this.ways.add(sequence);
    let publication = messages.get(sequence);
    if (publication === undefined) {
      // Its PUBREC came: only PUBREL is left to be sent, and the message is gone.
      publication = new PendingPublication(NO_VALUE, NO_VALUE, way.qos, false, undefined, 0);
      messages.set(sequence, publication);
    }
    const { state, packetIdentifier } = way;
    if (state === OutboundState.AwaitingPubcomp) publication.message = undefined;
    // It may have left.
    Object.assign(publication, { state, packetIdentifier, sent: true });
  }
}

function bySequence(a: PendingPublication, b: PendingPublication): number {
  return a.sequence - b.sequence;
}
