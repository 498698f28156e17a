import { type AttemptFailure, type Client, connect, MqttError, type Status, type Subscription } from "@bowline/client";
import { DEFAULT_TENANT } from "../admin/tenant-scope.ts";
import { MessageLog } from "./message-log.ts";
import { tokenCredentials } from "./token-credentials.ts";

export type QoS = 0 | 1 | 2;

/** A failed attempt or a lost connection, with what the page knows of its time. */
export interface Trouble {
  readonly number: number;
  readonly kind: "attempt" | "loss";
  /** Wall time in ms. */
  readonly at: number;
  readonly failure: AttemptFailure;
}

/** One Topic Filter the user wants, and how the broker answered. */
export interface WantedFilter {
  readonly topicFilter: string;
  readonly qos: QoS;
  readonly granted?: QoS;
  readonly problem?: MqttError;
}

/** The page's client, or that there is none because the user disconnected it. */
export type PageStatus = Status | { readonly state: "disconnected" };

/** Enough to see a pattern in. */
const TROUBLES_MAX = 20;
/** Ten times a second is as often as anybody can read. */
const NOTIFY_AFTER_MS = 100;

/** What the MQTT client in the page knows and does. Views listen to it and read its fields. */
export class MqttModel {
  readonly log: MessageLog = new MessageLog();
  readonly clientId: string;
  status: PageStatus = { state: "disconnected" };
  /** Wall time in ms of the latest change of status. */
  statusSince: number = Date.now();
  /** Newest first. */
  troubles: readonly Trouble[] = [];
  filters: readonly WantedFilter[] = [];
  #client: Client | undefined;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #listeners = new Set<() => void>();
  /** Undefined before anybody was known to look. */
  #tenant: string | undefined;
  #timer = 0;
  #troubleCount = 0;

  constructor(clientId: string) {
    this.clientId = clientId;
  }

  /** Is called, at most ten times a second, after something changed; the answer takes the listener off. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  connect(): void {
    if (this.#client !== undefined) return;
    const client = connect("/mqtt", {
      credentials: tokenCredentials(this.#tenant ?? DEFAULT_TENANT),
      // No session is kept: the broker must not queue messages for a tab that was closed.
      session: { clientId: this.clientId, expiryInterval: 0 },
    });
    this.#client = client;
    // One that was given up for another says nothing more.
    const whileMine =
      <T>(take: (event: T) => void): ((event: T) => void) =>
      (event) => {
        if (this.#client === client) take(event);
      };
    client.on(
      "status",
      whileMine((status) => this.#setStatus(status)),
    );
    client.on(
      "attemptFailed",
      whileMine((failure) => this.#addTrouble("attempt", failure)),
    );
    client.on(
      "connectionLost",
      whileMine((failure) => this.#addTrouble("loss", failure)),
    );
    // The log shows what comes over the wire, once, also when several filters match it.
    client.on(
      "message",
      whileMine((message) => {
        this.log.add(message, Date.now());
        this.changed();
      }),
    );
    this.#setStatus(client.status);
    for (const filter of this.filters) this.#request(client, filter);
  }

  /**
   * Whose topics the client is to see: where it may, it connects there, once, since a user who disconnected it meant that. What was
   * another's goes.
   */
  lookAt(tenant: string, mayConnect: boolean): void {
    if (tenant === this.#tenant) return;
    this.#tenant = tenant;
    this.filters = [];
    this.troubles = [];
    this.log.clear();
    void this.disconnect();
    if (mayConnect) this.connect();
  }

  async disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#subscriptions.clear();
    this.filters = this.filters.map(({ topicFilter, qos }) => ({ topicFilter, qos }));
    await client?.close();
    if (this.#client === undefined) this.#setStatus({ state: "disconnected" });
  }

  /** Tries now in place of waiting for the next attempt. */
  tryNow(): void {
    this.#client?.reconnect();
  }

  /** @throws MqttError FILTER_INVALID */
  subscribe(topicFilter: string, qos: QoS): void {
    const filter: WantedFilter = { topicFilter, qos };
    if (this.#client !== undefined) this.#request(this.#client, filter);
    this.filters = [...this.filters.filter((other) => other.topicFilter !== topicFilter), filter];
    this.changed();
  }

  unsubscribe(topicFilter: string): void {
    this.filters = this.filters.filter((filter) => filter.topicFilter !== topicFilter);
    void this.#subscriptions.get(topicFilter)?.close();
    this.#subscriptions.delete(topicFilter);
    this.changed();
  }

  /**
   * Resolves with the Reason Code of the acknowledgement, for QoS 0 with 0 at the hand-over to the transport.
   *
   * @throws MqttError
   */
  async publish(topicName: string, payload: string, options: { qos: QoS; retain: boolean }): Promise<number> {
    if (this.#client === undefined) throw new MqttError("CLIENT_CLOSED", { remedy: "Connect first." });
    return (await this.#client.publish(topicName, payload, options)).reasonCode;
  }

  /** For changes of the log, which the views make themselves. */
  changed(): void {
    if (this.#timer !== 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      for (const listener of this.#listeners) listener();
    }, NOTIFY_AFTER_MS);
  }

  #request(client: Client, { topicFilter, qos }: WantedFilter): void {
    const subscription = client.subscribe(topicFilter, { qos }, () => undefined);
    void this.#subscriptions.get(topicFilter)?.close();
    this.#subscriptions.set(topicFilter, subscription);
    const answer = (result: Partial<WantedFilter>): void => {
      if (this.#subscriptions.get(topicFilter) !== subscription) return;
      this.filters = this.filters.map((filter) => (filter.topicFilter === topicFilter ? { ...filter, ...result } : filter));
      this.changed();
    };
    subscription.ready.then(
      ([granted]) => answer(granted === undefined ? {} : { granted }),
      (error: unknown) => answer({ problem: MqttError.is(error) ? error : new MqttError("INTERNAL", { cause: error }) }),
    );
  }

  #setStatus(status: PageStatus): void {
    this.status = status;
    this.statusSince = Date.now();
    this.changed();
  }

  #addTrouble(kind: Trouble["kind"], failure: AttemptFailure): void {
    this.#troubleCount++;
    const trouble: Trouble = { number: this.#troubleCount, kind, at: Date.now(), failure };
    this.troubles = [trouble, ...this.troubles.slice(0, TROUBLES_MAX - 1)];
    this.changed();
  }
}
