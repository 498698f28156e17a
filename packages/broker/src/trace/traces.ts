import { MqttError } from "@bowline/protocol";
import { type Clock, redactText } from "@bowline/protocol/internal";
import { ChannelTap, type TappedConnection } from "./channel-tap.ts";
import { Trace, type TraceLimits } from "./trace.ts";
import type { TraceRequest } from "./trace-scope.ts";

/** Of one tenant. Each costs the connections it is about; whoever needs more looks at the log. */
export const TRACES_MAX = 8;

/** The traces that run, and the taps at connections that one of them is about. Without a trace it does nothing. */
export class Traces {
  readonly #connections: () => Iterable<TappedConnection>;
  readonly #clock: Clock;
  readonly #running = new Set<Trace>();
  readonly #taps = new Map<TappedConnection, ChannelTap>();

  constructor(connections: () => Iterable<TappedConnection>, clock: Clock) {
    this.#connections = connections;
    this.#clock = clock;
  }

  /**
   * Begins a trace of the connections there are and of those that come.
   *
   * @throws MqttError ADMIN_REFUSED when too many run
   */
  begin(request: TraceRequest, limits: TraceLimits): Trace {
    // Of its own tenant alone: another's must not be kept from looking.
    if ([...this.#running].filter(({ scope }) => scope.tenant === request.tenant).length >= TRACES_MAX) {
      const remedy = "End one of them, or wait until it is over.";
      throw new MqttError("ADMIN_REFUSED", { detail: `${TRACES_MAX} traces run already`, remedy });
    }
    const trace = new Trace(request, limits, this.#clock, (over) => this.#ended(over));
    this.#running.add(trace);
    let connections = 0;
    for (const connection of this.#connections()) if (this.#tap(connection, trace)) connections++;
    const { seconds, packets } = limits;
    trace.tell({ kind: "started", at: this.#clock.wallTime(), seconds, packets, connections }, 0);
    return trace;
  }

  /** A connection has come; its handler is set. */
  arrived(connection: TappedConnection): void {
    for (const trace of this.#running) this.#tap(connection, trace);
  }

  /** We end a connection, and `error` says why, or its client said DISCONNECT. */
  ending(connection: TappedConnection, error: Error | undefined): void {
    this.#taps.get(connection)?.tellOfEnd(error === undefined ? "DISCONNECT" : redactText(error.message));
  }

  /** The channel is closed: what is told already is not told again. */
  closed(connection: TappedConnection, cause?: Error): void {
    const tap = this.#taps.get(connection);
    if (tap === undefined) return;
    tap.tellOfEnd(cause === undefined ? "the connection was closed" : redactText(cause.message));
    this.#takeOff(connection, tap);
  }

  /** The broker stops. */
  close(): void {
    for (const trace of this.#running) trace.end("shutdown");
  }

  #tap(connection: TappedConnection, trace: Trace): boolean {
    const { tenant, arrival, session } = connection;
    const { remoteAddress } = arrival;
    const clientIdentifier = session?.clientIdentifier;
    if (!trace.scope.mayBeAbout({ tenant: tenant.name, remoteAddress, clientIdentifier })) return false;
    let tap = this.#taps.get(connection);
    if (tap === undefined) {
      tap = new ChannelTap(
        connection,
        () => this.#clock.wallTime(),
        (idle) => this.#takeOff(idle, tap!),
      );
      this.#taps.set(connection, tap);
    }
    tap.add(trace);
    return true;
  }

  #takeOff(connection: TappedConnection, tap: ChannelTap): void {
    tap.takeOff();
    this.#taps.delete(connection);
  }

  #ended(trace: Trace): void {
    this.#running.delete(trace);
    for (const tap of this.#taps.values()) tap.remove(trace);
  }
}
