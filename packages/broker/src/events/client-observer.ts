import type { MqttError } from "@bowline/protocol";
import type { Connection } from "../connection/connection.ts";

/** Is told what becomes of clients, after it has happened. Nothing that it does may fail. */
export interface ClientObserver {
  /** The CONNACK went out. */
  opened(connection: Connection): void;
  /** A CONNECT was refused. */
  refused(connection: Connection, error: MqttError): void;
  /** A connection that was open is over: ended by the client (undefined), by us or for what the client did, or lost. */
  ended(connection: Connection, cause: MqttError | undefined | "lost"): void;
  subscribed(connection: Connection, topicFilters: readonly string[]): void;
  unsubscribed(connection: Connection, topicFilters: readonly string[]): void;
}
