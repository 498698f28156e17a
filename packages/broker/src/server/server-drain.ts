import { MqttError } from "@bowline/protocol";
import type { DrainRequest } from "../admin/operations-routes.ts";
import type { Broker } from "../broker.ts";
import { redirectionAnswer } from "../connection/redirection.ts";
import type { Connection } from "../connection/connection.ts";
import type { ServerListeners } from "./server-listeners.ts";
import { clientsOf } from "./view-of.ts";

/** A slice of the clients goes each time: all at once they would come to the next server all at once. */
const SLICE_EVERY_MS = 100;
/** Reason Code 0x8B, Server shutting down. */
const SERVER_SHUTTING_DOWN = 0x8b;

/** Empties a broker before it is ended, so that its clients are elsewhere by then. */
export class ServerDrain {
  readonly #broker: Broker;
  readonly #listeners: () => ServerListeners | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isDraining = false;

  constructor(broker: Broker, listeners: () => ServerListeners | undefined) {
    this.#broker = broker;
    this.#listeners = listeners;
  }

  /** From the first request on, until the process ends. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Answers how many clients there are to send away. A second request sends those who are left at its own pace. */
  begin({ serverReference, permanent, seconds }: DrainRequest): number {
    this.#isDraining = true;
    this.#listeners()?.stopAcceptingClients();
    clearInterval(this.#timer);
    const left = clientsOf(this.#broker).map(({ connection }) => connection);
    const count = left.length;
    const slices = Math.max(1, Math.round((seconds * 1_000) / SLICE_EVERY_MS));
    const size = Math.ceil(count / slices);
    const end = goodbye(serverReference, permanent);
    const next = (): void => {
      for (const connection of left.splice(0, size)) end(connection);
      if (left.length === 0) clearInterval(this.#timer);
    };
    this.#timer = setInterval(next, SLICE_EVERY_MS);
    next();
    return count;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

function goodbye(serverReference: string | undefined, isPermanent: boolean): (connection: Connection) => void {
  if (serverReference === undefined) {
    const error = new MqttError("SHUTDOWN", { reasonCode: SERVER_SHUTTING_DOWN });
    return (connection) => connection.end(error);
  }
  const { error, properties } = redirectionAnswer({ serverReference, isPermanent });
  return (connection) => connection.end(error, properties);
}
