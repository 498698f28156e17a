import { type AuthPacket, MqttError, type Properties } from "@bowline/protocol";
import type { Clock, TimerHandle } from "@bowline/protocol/internal";
import type { Authentication, AuthenticationStep } from "./authentication.ts";
import { abortOf, aborted, onAbort } from "./on-abort.ts";
import type { Credentials } from "./options.ts";
import { payloadBytes } from "./payload-bytes.ts";

/** What an exchange needs of the connection that it belongs to. */
export interface AuthenticatedConnection {
  authenticate(properties: Properties): void;
  reauthenticate(properties: Properties): void;
  /** Ends the connection, with a DISCONNECT where it is open. */
  fail(error: MqttError): void;
}

/** An enhanced authentication that has begun: properties of the CONNECT, and what goes on with them. */
export interface Authenticating {
  readonly authenticator: Authenticator;
  readonly properties: Properties;
}

const CONTINUE = 0x18;

/**
 * Asks for the first data.
 *
 * @throws MqttError AUTH_FAILED, CREDENTIALS_TIMEOUT, ABORTED
 */
export async function beginAuthentication(
  authentication: Authentication,
  signal: AbortSignal,
  clock: Clock,
  limitMs: number,
): Promise<Authenticating> {
  const error = abortOf(signal);
  if (error !== undefined) throw error;
  const authenticator = new Authenticator(authentication, clock, limitMs);
  onAbort(signal, () => authenticator.end(aborted(signal)));
  return { authenticator, properties: await authenticator.begin() };
}

/**
 * The client's side of enhanced authentication on one attempt and the connection that it becomes: asks the application's step
 * function, and keeps its time limit. Loaded only by clients that use it.
 *
 * States: idle -> stepping (the function was asked) -> idle. Invariants: one step at a time; after `end` nothing is sent.
 */
export class Authenticator {
  /** The function was asked and has not answered. */
  isStepping = false;
  private authentication: Authentication;
  private readonly clock: Clock;
  private readonly limitMs: number;
  private readonly controller = new AbortController();
  private connection: AuthenticatedConnection | undefined;
  private under: { resolve: () => void; reject: (error: MqttError) => void; timer: TimerHandle } | undefined;

  constructor(authentication: Authentication, clock: Clock, limitMs: number) {
    this.authentication = authentication;
    this.clock = clock;
    this.limitMs = limitMs;
  }

  get method(): string {
    return this.authentication.method;
  }

  /**
   * Properties of the CONNECT.
   *
   * @throws MqttError AUTH_FAILED, CREDENTIALS_TIMEOUT
   */
  async begin(): Promise<Properties> {
    let timer: TimerHandle;
    const tooLate = new Promise<never>((_resolve, reject) => {
      timer = this.clock.setTimer(() => reject(new MqttError("CREDENTIALS_TIMEOUT", { detail: "authentication" })), this.limitMs);
    });
    try {
      return { authenticationMethod: this.method, ...(await Promise.race([this.ask("begin"), tooLate])) };
    } finally {
      this.clock.clearTimer(timer);
    }
  }

  attach(connection: AuthenticatedConnection): void {
    this.connection = connection;
  }

  /** The CONNACK came: a server may prove itself in it. Resolves after that was looked at; the connection ends when it is none. */
  accepted(properties: Properties): Promise<void> {
    const late = (): void => this.connection?.fail(new MqttError("CREDENTIALS_TIMEOUT", { detail: "authentication" }));
    const timer = this.clock.setTimer(late, this.limitMs);
    return this.step("success", properties, () => undefined).finally(() => this.clock.clearTimer(timer));
  }

  /** The server's AUTH; the engine sees to it that they come in turn. */
  received({ reasonCode, properties = {} }: AuthPacket): void {
    if (reasonCode === CONTINUE) void this.step("continue", properties, (answer) => this.connection?.authenticate(answer));
    else void this.step("success", properties, () => this.settle(undefined));
  }

  /** Proves the open connection anew, with what will be given; resolves when the server is satisfied. */
  reauthenticate(given: Promise<Credentials>): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = (): void => this.connection?.fail(new MqttError("TIMEOUT", { detail: "the re-authentication" }));
      this.under = { resolve, reject, timer: this.clock.setTimer(late, this.limitMs) };
      given.then(
        ({ authentication }) => {
          if (authentication?.method !== this.method) {
            this.settle(new MqttError("AUTH_METHOD", { detail: "a connection keeps the method that it began with" }));
            return;
          }
          this.authentication = authentication;
          void this.step("begin", undefined, (answer) => this.connection?.reauthenticate(answer));
        },
        (error: MqttError) => this.settle(error),
      );
    });
  }

  /** The connection is over. */
  end(error: MqttError): void {
    this.connection = undefined;
    this.controller.abort();
    this.settle(error);
  }

  private async step(
    kind: AuthenticationStep["kind"],
    properties: Properties | undefined,
    next: (answer: Properties) => void,
  ): Promise<void> {
    try {
      const answer = await this.ask(kind, properties);
      if (this.connection !== undefined) next(answer);
    } catch (error) {
      this.connection?.fail(error as MqttError);
    }
  }

  private async ask(kind: AuthenticationStep["kind"], properties: Properties = {}): Promise<Properties> {
    const { authentication, controller } = this;
    const { authenticationData: data, reasonString } = properties;
    this.isStepping = true;
    try {
      const isReauthentication = this.under !== undefined;
      const answer = await authentication.step({ kind, data, reasonString, isReauthentication, signal: controller.signal });
      return answer === undefined ? {} : { authenticationData: payloadBytes(answer) };
    } catch (cause) {
      throw MqttError.is(cause) ? cause : new MqttError("AUTH_FAILED", { cause, detail: "the step function failed" });
    } finally {
      this.isStepping = false;
    }
  }

  private settle(error: MqttError | undefined): void {
    const { under } = this;
    this.under = undefined;
    this.clock.clearTimer(under?.timer);
    if (error === undefined) under?.resolve();
    else under?.reject(error);
  }
}
