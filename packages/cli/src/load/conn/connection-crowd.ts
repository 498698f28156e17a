import { type Client, connect } from "@bowline/client";
import type { ErrorCode, MqttError } from "@bowline/protocol";
import type { ConnectionTarget } from "../../connection-options.ts";
import { LatencyHistogram } from "../latency-histogram.ts";
import type { Percentiles } from "../load-result.ts";
import { nowNs } from "../monotonic-time.ts";
import { numberedTarget } from "../numbered-target.ts";

/** What has become of many clients that connect and stay. */
export interface CrowdCounts {
  readonly clients: number;
  readonly begun: number;
  /** Clients that were online at least once. */
  readonly connected: number;
  /** Those that are now. */
  readonly online: number;
  /** Connections that ended against our will, and how many clients came back from that. */
  readonly drops: number;
  readonly reconnects: number;
  /** Attempts that failed, by code. */
  readonly failures: Readonly<Partial<Record<ErrorCode, number>>>;
}

/** After a loss clients of a test are back within seconds, not after the minute a fleet of devices would take. */
const MAXIMUM_DELAY_MS = 5_000;

/** Many clients of the usual kind, opened one after the other and held. */
export class ConnectionCrowd {
  /** Why the first attempt of all that failed did so. */
  firstError: MqttError | undefined;
  private readonly target: ConnectionTarget;
  private readonly clients: number;
  private readonly members: Client[] = [];
  private readonly latencies = new LatencyHistogram();
  private readonly failures: Partial<Record<ErrorCode, number>> = {};
  private connected = 0;
  private online = 0;
  private drops = 0;
  private reconnects = 0;

  constructor(target: ConnectionTarget, clients: number) {
    this.target = target;
    this.clients = clients;
  }

  /** Opens one after the other; resolves when all have begun. Each one's time counts from when it was due. */
  async open(intervalMs: number, signal: AbortSignal): Promise<void> {
    const startNs = nowNs();
    const dueNs = (): number => startNs + this.members.length * intervalMs * 1e6;
    while (this.members.length < this.clients && !signal.aborted) {
      while (this.members.length < this.clients && dueNs() <= nowNs()) this.add(dueNs());
      await new Promise((resolve) => setTimeout(resolve, Math.min(10, Math.max(0, (dueNs() - nowNs()) / 1e6))));
    }
  }

  get counts(): CrowdCounts {
    const { clients, members, connected, online, drops, reconnects, failures } = this;
    return { clients, begun: members.length, connected, online, drops, reconnects, failures };
  }

  /** From when a client was due to its first CONNACK, in µs. */
  get connectUs(): Percentiles {
    return this.latencies.percentiles();
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((client) => (client.status.state === "online" ? client.close() : client.abort())));
  }

  private add(dueNs: number): void {
    const { url, options } = numberedTarget(this.target, this.members.length, this.clients);
    const client = connect(url, { ...options, reconnect: { maximumDelayMs: MAXIMUM_DELAY_MS } });
    let wasOnline = false;
    this.members.push(client);
    client.on("status", ({ state }) => {
      if (state !== "online") return;
      this.online++;
      if (wasOnline) this.reconnects++;
      else {
        wasOnline = true;
        this.connected++;
        this.latencies.add(nowNs() - dueNs, 1);
      }
    });
    client.on("attemptFailed", ({ code, error }) => {
      this.firstError ??= error;
      this.failures[code] = (this.failures[code] ?? 0) + 1;
    });
    client.on("connectionLost", () => {
      this.online--;
      this.drops++;
    });
  }
}
