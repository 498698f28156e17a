import { InFlight, type OutboundEntry, SessionState } from "@bowline/protocol/internal";
import type { IMessageIdProvider } from "./message-id-provider.ts";

/** A session whose Packet Identifiers the application's provider chooses. */
export function providedSession(provider: IMessageIdProvider): SessionState {
  return Object.assign(new SessionState(), { inFlight: new ProvidedIdentifiers(provider) });
}

class ProvidedIdentifiers extends InFlight<OutboundEntry> {
  private readonly provider: IMessageIdProvider;

  constructor(provider: IMessageIdProvider) {
    super();
    this.provider = provider;
  }

  /** Passes over identifiers in use, since not every provider does. */
  override take(state: number, entry: OutboundEntry | undefined): number {
    for (let tries = 0; tries <= 0xffff; tries++) {
      const id = this.provider.allocate();
      if (id === null || !(id > 0 && id <= 0xffff)) return 0;
      if (this.put(id, state, entry)) return id;
    }
    return 0;
  }

  override release(id: number): void {
    if (this.state(id) !== 0) this.provider.deallocate(id);
    super.release(id);
  }

  override clear(): void {
    super.clear();
    this.provider.clear();
  }
}
