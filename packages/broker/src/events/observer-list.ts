import type { MqttError } from "@bowline/protocol";
import type { ClientObserver, DeniedAction, ObservedClient } from "./client-observer.ts";

/** Several observers as one. */
export class ObserverList implements ClientObserver {
  readonly #observers: readonly ClientObserver[];

  constructor(...observers: readonly ClientObserver[]) {
    this.#observers = observers;
  }

  opened(client: ObservedClient): void {
    for (const each of this.#observers) each.opened(client);
  }

  refused(client: ObservedClient, error: MqttError): void {
    for (const each of this.#observers) each.refused(client, error);
  }

  ended(client: ObservedClient, cause: MqttError | undefined | "lost"): void {
    for (const each of this.#observers) each.ended(client, cause);
  }

  denied(client: ObservedClient, what: DeniedAction): void {
    for (const each of this.#observers) each.denied(client, what);
  }

  subscribed(client: ObservedClient, topicFilters: readonly string[]): void {
    for (const each of this.#observers) each.subscribed(client, topicFilters);
  }

  unsubscribed(client: ObservedClient, topicFilters: readonly string[]): void {
    for (const each of this.#observers) each.unsubscribed(client, topicFilters);
  }
}
