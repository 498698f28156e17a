import type { Properties } from "@bowline/protocol";
import {
  type AuthenticationExchange,
  type Authenticator,
  AuthReasonCode,
  type AuthRequest,
  type ExchangeStep,
  isQuestion,
  refuse,
} from "../auth/authenticator.ts";

/** Takes the step that could not be told at once. */
export type TakeStep = (step: ExchangeStep) => void;

/**
 * The authentication of one connection: the one question about a CONNECT without a method, and the exchanges of section 4.12.
 * Owns the exchange under way and what aborts it. Never throws and never rejects: what fails inside is a refusal that names its cause.
 * Each method answers a step, or undefined when `take` gets it later.
 */
export class ClientAuthentication {
  private readonly authenticator: Authenticator;
  private readonly request: AuthRequest;
  private exchange: AuthenticationExchange | undefined;
  private running: AbortController | undefined;

  constructor(authenticator: Authenticator, request: AuthRequest) {
    this.authenticator = authenticator;
    this.request = request;
  }

  /** Begins with a CONNECT, or with an AUTH 0x19. */
  begin(properties: Properties | undefined, take: TakeStep): ExchangeStep | undefined {
    this.abort();
    const name = properties?.authenticationMethod;
    return this.guarded(() => (name === undefined ? this.ask(take) : this.named(name, properties?.authenticationData, take)));
  }

  /** Goes on with the client's AUTH 0x18. */
  next(data: Uint8Array | undefined, take: TakeStep): ExchangeStep | undefined {
    const { exchange } = this;
    if (exchange === undefined) return broken(new Error("no exchange is under way"));
    return this.guarded(() => this.run((signal) => exchange.next(data, signal), take));
  }

  /** Nobody waits for the answer any more. */
  abort(): void {
    this.running?.abort();
    this.running = undefined;
    this.forget();
  }

  private forget(): void {
    const { exchange } = this;
    this.exchange = undefined;
    exchange?.end?.();
  }

  private ask(take: TakeStep): ExchangeStep | undefined {
    const { authenticator, request } = this;
    return authenticator.authenticateNow(request) ?? this.run((signal) => authenticator.authenticate(request, signal), take);
  }

  private named(name: string, data: Uint8Array | undefined, take: TakeStep): ExchangeStep | undefined {
    const method = this.authenticator.enhancedMethod?.(name, this.request.tenant);
    // [MQTT-4.12.0-1]
    if (method === undefined) return refuse(AuthReasonCode.BadAuthenticationMethod, "the Authentication Method is not supported");
    this.exchange = method.begin(this.request);
    return this.next(data, take);
  }

  private run(asked: (signal: AbortSignal) => ExchangeStep | Promise<ExchangeStep>, take: TakeStep): ExchangeStep | undefined {
    const controller = new AbortController();
    const answer = asked(controller.signal);
    if (!("then" in answer)) return this.settled(answer);
    this.running = controller;
    void answer.catch(broken).then((step) => {
      if (controller.signal.aborted) return;
      this.running = undefined;
      take(this.settled(step));
    });
    return undefined;
  }

  private settled(step: ExchangeStep): ExchangeStep {
    if (!isQuestion(step)) this.forget();
    return step;
  }

  private guarded(run: () => ExchangeStep | undefined): ExchangeStep | undefined {
    try {
      return run();
    } catch (cause) {
      this.forget();
      return broken(cause);
    }
  }
}

/** Fails closed, and is no fault of the client: it may come again. */
function broken(cause: unknown): ExchangeStep {
  return { ...refuse(AuthReasonCode.ServerUnavailable, "authentication failed inside"), cause };
}
