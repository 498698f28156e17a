import { MqttError } from "@bowline/protocol";
import type { ClientState } from "./client-state.ts";
import { abortOf, aborted, onAbort } from "./on-abort.ts";
import type { Credentials } from "./options.ts";

/**
 * Fresh credentials for a connection that is open: before the old ones end, and where the application wants it proved anew. Loaded
 * by clients that do either.
 */
export class Renewal {
  private readonly core: ClientState;
  private proving: Promise<void> | undefined;

  constructor(core: ClientState) {
    this.core = core;
  }

  /** Proves the open connection, with credentials that are asked for now. The signal ends the wait alone. */
  async reauthenticate(signal: AbortSignal | undefined): Promise<void> {
    const error = abortOf(signal);
    if (error !== undefined) throw error;
    const proved = this.prove();
    return new Promise((resolve, reject) => {
      const off = onAbort(signal, () => reject(aborted(signal)));
      proved.then(resolve, reject).finally(off);
    });
  }

  /** Comes back with fresh credentials before the old ones end. */
  renew(): void {
    const { core } = this;
    const again = (): void => core.scheduleRenewal();
    core.ask((credentials) => {
      const { authenticator } = core;
      if (core.status.state !== "online") return;
      // In band where that is possible. A connection that fails at it is told as lost, and comes back by itself.
      if (authenticator !== undefined && authenticator.method === credentials.authentication?.method) {
        this.prove(credentials).catch(again);
      } else this.comeBackWith(credentials);
    }, again);
  }

  private comeBackWith(credentials: Credentials): void {
    const { core } = this;
    const old = core.connection;
    if (old === undefined) return;
    core.drop();
    core.since = core.clock.now();
    core.setStatus({ state: "connecting", attempt: 1 });
    // The server must have seen the goodbye before it sees the new CONNECT, or it takes that for a takeover and sends the will.
    core.follow(old.disconnect(0), () => core.enter(credentials));
  }

  /**
   * Section 4.12.1. One at a time.
   *
   * @param fresh asked for when it is not given
   */
  private prove(fresh?: Credentials): Promise<void> {
    this.proving ??= this.proveWith(fresh).finally(() => {
      this.proving = undefined;
    });
    return this.proving;
  }

  private async proveWith(fresh: Credentials | undefined): Promise<void> {
    const { core } = this;
    const { authenticator } = core;
    if (core.status.state !== "online") throw new MqttError("NOT_CONNECTED", { detail: "to authenticate again" });
    if (authenticator === undefined) throw new MqttError("AUTH_METHOD", { detail: "the CONNECT named none" });
    const controller = new AbortController();
    try {
      const given = fresh === undefined ? core.askFor(controller) : Promise.resolve(fresh);
      await authenticator.reauthenticate(given);
      const credentials = await given;
      const { current } = core.attempts;
      if (current !== undefined) current.credentials = credentials;
      core.scheduleRenewal();
    } finally {
      // A callback that is still asked when the connection ends answers nobody.
      controller.abort();
    }
  }
}
