import { type AuthPacket, type ConnackPacket, MqttError } from "@bowline/protocol";
import type { AttemptFailure, Credentials } from "@bowline/client";
import {
  askCredentials,
  type AuthenticatedConnection,
  type Authenticating,
  beginAuthentication,
  fingerprint,
  renewalDelay,
} from "@bowline/client/internal";
import type { Clock, TimerHandle } from "@bowline/protocol/internal";
import type { BowlineOptions, IClientOptions } from "./options.ts";

/** What the option `bowline.credentials` gives: asked for before each attempt, and again before it ends. */
export class AttemptCredentials {
  /** Those of the attempt or connection under way. */
  current: Credentials = {};
  /** What they begin, where an `authentication` is among them. */
  private authenticating: Authenticating | undefined;
  private readonly source: NonNullable<BowlineOptions["credentials"]>;
  private readonly clock: Clock;
  private readonly onRenewed: () => void;
  /** Fingerprint of those that were refused last, and with what. */
  private refused: { readonly key: string; readonly error: MqttError } | undefined;
  /** Fetched before the old ones end, for the next attempt. */
  private renewed: Credentials | undefined;
  private controller = new AbortController();
  private timer: TimerHandle;

  /** @param onRenewed new ones are there, for a connection to be made with them */
  constructor(source: NonNullable<BowlineOptions["credentials"]>, clock: Clock, onRenewed: () => void) {
    this.source = source;
    this.clock = clock;
    this.onRenewed = onRenewed;
  }

  /** After a refusal there may be others. */
  get mayChange(): boolean {
    return typeof this.source === "function";
  }

  /**
   * Sets those of the next attempt.
   *
   * @throws MqttError CREDENTIALS_FAILED, CREDENTIALS_TIMEOUT; the refusal, for those that were refused
   */
  async prepare(attempt: number, lastFailure: AttemptFailure | undefined, limitMs: number): Promise<void> {
    const { renewed } = this;
    this.renewed = undefined;
    const given = renewed ?? (await this.ask(attempt, lastFailure, limitMs));
    if (this.refused?.key === fingerprint(given)) throw this.refused.error;
    this.current = given;
    const { authentication } = given;
    const { signal } = this.controller;
    const begun = authentication && (await beginAuthentication(authentication, signal, this.clock, limitMs));
    // A step that answers when the client has ended belongs to no attempt.
    if (!signal.aborted) this.authenticating = begun;
  }

  /** The options of the attempt. */
  optionsOf(options: IClientOptions): IClientOptions {
    const { properties } = this.authenticating ?? {};
    const all = withCredentials(options, this.current);
    return properties === undefined ? all : { ...all, properties: { ...all.properties, ...properties } as typeof all.properties };
  }

  /** The server's AUTH; false when no `authentication` of these credentials answers it. */
  answer(packet: AuthPacket, connection: AuthenticatedConnection): boolean {
    const { authenticator } = this.authenticating ?? {};
    authenticator?.attach(connection);
    authenticator?.received(packet);
    return authenticator !== undefined;
  }

  /** The server may prove itself in its CONNACK: resolves after that was looked at; the connection ends when it is no proof. */
  proof({ properties = {} }: ConnackPacket, connection: AuthenticatedConnection): Promise<void> | undefined {
    const { authenticator } = this.authenticating ?? {};
    authenticator?.attach(connection);
    return authenticator?.accepted(properties);
  }

  /** The server refused the current ones. */
  refuse(error: MqttError): void {
    this.refused = { key: fingerprint(this.current), error };
  }

  /** The error is the refusal of credentials that were given once more. */
  wasToldBefore(error: MqttError): boolean {
    return this.refused?.error === error;
  }

  /** The server took them: new ones are fetched before they end. */
  accepted(limitMs: number): void {
    this.refused = undefined;
    this.clock.clearTimer(this.timer);
    const delay = this.mayChange ? renewalDelay(this.current, this.clock.wallTime()) : undefined;
    if (delay !== undefined) this.timer = this.clock.setTimer(() => void this.renew(limitMs), delay);
  }

  /** The connection ended. */
  lost(): void {
    this.clock.clearTimer(this.timer);
    this.authenticating?.authenticator.end(new MqttError("CONNECTION_LOST"));
    this.authenticating = undefined;
  }

  /** Nothing is asked any more, and what was asked is not heard. An application that comes back may try what was refused. */
  stop(): void {
    this.lost();
    this.controller.abort();
    this.refused = this.renewed = undefined;
  }

  private ask(attempt: number, lastFailure: AttemptFailure | undefined, limitMs: number): Promise<Credentials> {
    this.controller = new AbortController();
    return askCredentials(this.source, { attempt, lastFailure }, this.controller, this.clock, limitMs);
  }

  private async renew(limitMs: number): Promise<void> {
    const asked = this.ask(1, undefined, limitMs);
    const { signal } = this.controller;
    const { authenticating } = this;
    try {
      const renewed = await asked;
      if (signal.aborted) return;
      if (authenticating !== undefined && authenticating.authenticator.method === renewed.authentication?.method) {
        // In band, section 4.12.1: the connection stays.
        await authenticating.authenticator.reauthenticate(Promise.resolve(renewed));
        this.current = renewed;
        this.accepted(limitMs);
        return;
      }
      this.renewed = renewed;
      this.onRenewed();
    } catch {
      // The old ones are good for a while, and their end is told as the loss that it is.
      if (!signal.aborted && this.authenticating === authenticating) this.accepted(limitMs);
    }
  }
}

/** The options of one attempt. */
function withCredentials(options: IClientOptions, credentials: Credentials): IClientOptions {
  const { username, password, clientId, headers, tls } = credentials;
  const { wsOptions = {} } = options;
  return {
    ...options,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: password as string }),
    // A session belongs to its Client Identifier.
    ...(clientId === undefined || options.clean === false ? {} : { clientId }),
    ...(headers === undefined
      ? {}
      : { wsOptions: { ...wsOptions, headers: { ...(wsOptions as { headers?: object }).headers, ...headers } } }),
    ...(tls as IClientOptions | undefined),
  };
}

/** The URL of one attempt. */
export function urlWith(url: string, { url: own, query }: Credentials): string {
  const base = own ?? url;
  const added = new URLSearchParams(query).toString();
  return added === "" ? base : `${base}${base.includes("?") ? "&" : "?"}${added}`;
}
