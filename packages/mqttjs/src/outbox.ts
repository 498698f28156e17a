import { callSafely } from "@bowline/client/internal";
import {
  type ClientConnection,
  Fifo,
  type OutboundEntry,
  OutboundState,
  pushQueue,
  type Sender,
  SessionState,
  shiftQueue,
} from "@bowline/protocol/internal";
import type { IMessageIdProvider } from "./message-id-provider.ts";
import { OutgoingPublish } from "./outgoing-publish.ts";
import { providedSession } from "./provided-session.ts";

/** A SUBSCRIBE or UNSUBSCRIBE that waits for a connection. */
export interface Request {
  send(engine: ClientConnection): void;
  fail(error: Error): void;
}

/**
 * What the application asked for and the server has not answered: messages in flight and in the session's queue, and everything
 * that was asked for without a connection, in the order of the calls.
 */
export class Outbox {
  readonly session: SessionState;
  private readonly pending = new Fifo<OutgoingPublish | Request>();

  constructor(provider: IMessageIdProvider | undefined) {
    this.session = provider === undefined ? new SessionState() : providedSession(provider);
    this.session.survives = true;
  }

  /** Nothing is unanswered. */
  get isEmpty(): boolean {
    const { inFlight, queue } = this.session;
    return inFlight.count === 0 && queue.length === 0 && this.pending.length === 0;
  }

  /** Sends a message, or keeps it when there is no open connection. */
  publish(entry: OutgoingPublish, sender: Sender | undefined): void {
    entry.sequence = this.session.nextSequence++;
    if (sender === undefined) this.pending.push(entry);
    else sender.enqueue(entry);
  }

  request(request: Request, engine: ClientConnection | undefined): void {
    if (engine === undefined) this.pending.push(request);
    else request.send(engine);
  }

  /**
   * A connection is open: sends what waited for one, after what an earlier connection left unacknowledged. `refuses` fails what
   * its server does not take.
   */
  opened(engine: ClientConnection, sender: Sender, refuses: (entry: OutgoingPublish) => boolean): void {
    sender.pump();
    for (let next = this.pending.shift(); next !== undefined; next = this.pending.shift()) {
      if (!(next instanceof OutgoingPublish)) next.send(engine);
      else if (!refuses(next)) sender.enqueue(next);
    }
  }

  /** Puts messages of a session that the server forgot back into the queue, where their sequence says. */
  sendAnew(entries: readonly OutboundEntry[]): void {
    if (entries.length === 0) return;
    const { session } = this;
    const all = [...entries];
    for (let next = shiftQueue(session); next !== undefined; next = shiftQueue(session)) all.push(next);
    for (const entry of entries) {
      entry.state = OutboundState.Queued;
      entry.packetIdentifier = 0;
      entry.sent = false;
    }
    for (const entry of all.sort((a, b) => a.sequence - b.sequence)) pushQueue(session, entry);
  }

  /** The message in flight with that Packet Identifier. */
  inFlight(packetIdentifier: number): OutgoingPublish | undefined {
    return this.session.inFlight.entry(packetIdentifier) as OutgoingPublish | undefined;
  }

  /**
   * Nobody waits any longer. What a kept session has in flight stays there without its callbacks, to be sent again if the client
   * comes back: the server may have taken it over.
   */
  failAll(error: Error, keepsSession: boolean): void {
    const { session, pending } = this;
    const entries: OutgoingPublish[] = [];
    session.inFlight.forEach((_id, _state, entry) => entry !== undefined && entries.push(entry as OutgoingPublish));
    session.queue.forEach((entry) => entries.push(entry as OutgoingPublish));
    if (!keepsSession) session.clear();
    const calls = entries.sort((a, b) => a.sequence - b.sequence).map((entry) => () => entry.settle(error));
    pending.forEach((next) => calls.push(() => (next instanceof OutgoingPublish ? next.settle(error) : next.fail(error))));
    pending.clear();
    for (const call of calls) callSafely(call, undefined);
  }
}
