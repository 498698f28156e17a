import type { AuthPacket, ConnackPacket, MqttError } from "@bowline/protocol";
import type { AttemptFailure } from "@bowline/client";
import { type AuthenticatedConnection, RetryPolicy } from "@bowline/client/internal";
import type { Clock } from "@bowline/protocol/internal";
import { AttemptCredentials, urlWith } from "./attempt-credentials.ts";
import type { BowlineOptions, IClientOptions } from "./options.ts";

/** What the option `bowline` says of attempts: what they are made with, and when the next is due. Loaded only where it says either. */
export class AttemptRules {
  private readonly credentials: AttemptCredentials | undefined;
  private readonly policy: RetryPolicy | undefined;

  /** @param onRenewed new credentials are there, for a connection to be made with them */
  constructor({ credentials, reconnect }: BowlineOptions, clock: Clock, onRenewed: () => void) {
    this.credentials = credentials && new AttemptCredentials(credentials, clock, onRenewed);
    this.policy = reconnect ? new RetryPolicy(reconnect, Math.random) : undefined;
  }

  async prepare(attempt: number, lastFailure: AttemptFailure | undefined, limitMs: number): Promise<void> {
    await this.credentials?.prepare(attempt, lastFailure, limitMs);
  }

  /** The URL of the attempt. */
  urlOf(url: string): string {
    return this.credentials === undefined ? url : urlWith(url, this.credentials.current);
  }

  /** The options of the attempt. */
  optionsOf(options: IClientOptions): IClientOptions {
    return this.credentials?.optionsOf(options) ?? options;
  }

  /** The server's AUTH; false when `handleAuth` is to answer it. */
  answer(packet: AuthPacket, connection: AuthenticatedConnection): boolean {
    return this.credentials?.answer(packet, connection) === true;
  }

  /** Resolves when the server has proved itself; undefined when it need not. */
  proof(packet: ConnackPacket, connection: AuthenticatedConnection): Promise<void> | undefined {
    return this.credentials?.proof(packet, connection);
  }

  accepted(limitMs: number): void {
    this.policy?.connected();
    this.credentials?.accepted(limitMs);
  }

  /** The connection or attempt is over; a connection lived that many ms. */
  lost(ageMs: number | undefined): void {
    this.credentials?.lost();
    if (ageMs !== undefined) this.policy?.lost(ageMs);
  }

  /** Nothing is asked any more. */
  stop(): void {
    this.credentials?.stop();
  }

  /**
   * Ms until the next attempt after a failure; undefined for none.
   *
   * @param isTried the options of MQTT.js would try again, after `periodMs`
   */
  delay(error: MqttError, wasRefused: boolean, isTried: boolean, periodMs: number | undefined, nowMs: number): number | undefined {
    const { credentials, policy } = this;
    const { code, stage, retry } = error;
    const isAuthentication = retry === "new-credentials";
    const hasNewCredentials = credentials?.mayChange === true;
    if (isAuthentication && wasRefused) credentials?.refuse(error);
    // Refused without having been sent: the callback answered with the refused ones again.
    else if (credentials?.wasToldBefore(error) === true) return undefined;
    if (policy !== undefined) return policy.next({ code, stage, retry, hasNewCredentials }, nowMs);
    return isTried || (isAuthentication && hasNewCredentials) ? periodMs : undefined;
  }
}
