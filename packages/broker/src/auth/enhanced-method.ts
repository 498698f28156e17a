import type { AuthAllowed, AuthRefused, AuthRequest } from "./authenticator.ts";

/**
 * One Authentication Method of MQTT 5.0 section 4.12, such as `SCRAM-SHA-256`: it decides who a client is by questions and
 * answers. Give yours to `startServer` (`authenticationMethods`), or to an Authenticator of your own (`enhancedMethod`).
 */
export interface EnhancedMethod {
  /** The Authentication Method as clients name it in CONNECT: a UTF-8 string, compared byte by byte. */
  readonly name: string;
  /**
   * Begins an exchange with one client, by its CONNECT or to authenticate it again on its open connection. The request is that of
   * its CONNECT both times; user name and password may be there beside the method, and mean what the method makes of them.
   */
  begin(request: AuthRequest): AuthenticationExchange;
}

/** One exchange under way. It is forgotten after a success, a refusal, a fault, or when the client goes away. */
export interface AuthenticationExchange {
  /**
   * The client's Authentication Data (undefined when it sent none): first that of its CONNECT or AUTH 0x19, then that of each AUTH
   * 0x18. Called again only after it answered `continue`. The signal of a promise aborts when nobody waits for it any more.
   *
   * What is thrown, or rejected with, refuses the client and is logged as a fault of ours.
   */
  next(data: Uint8Array | undefined, signal: AbortSignal): ExchangeStep | Promise<ExchangeStep>;
}

/** What an exchange answers: a question back, success, or a refusal. */
export type ExchangeStep = ExchangeQuestion | ExchangeSuccess | AuthRefused;

/** Goes to the client as AUTH 0x18. */
export interface ExchangeQuestion {
  continueWith: Uint8Array | undefined;
}

/** The client is who it says. At a re-authentication the owner must be the one whose Session it is. */
export interface ExchangeSuccess extends AuthAllowed {
  /** Last Authentication Data for the client, which tells it that the server is the right one too: in the CONNACK, or AUTH 0x00. */
  data?: Uint8Array | undefined;
}

/** Whether a step asks the client something more. */
export function isQuestion(step: ExchangeStep): step is ExchangeQuestion {
  return "continueWith" in step;
}
