import type { EnhancedMethod } from "./enhanced-method.ts";

/** How the client reached us. */
export type ClientTransport = "tcp" | "tls" | "ws" | "wss" | "unix";

/** Everything an authenticator may look at. It is copied out of the CONNECT packet and may be kept. */
export interface AuthRequest {
  tenant: string;
  /** Undefined when CONNECT has none, which differs from an empty one. */
  username: string | undefined;
  password: Uint8Array | undefined;
  clientIdentifier: string;
  transport: ClientTransport;
  /** Address of the client without its port, as the front of the listener knows it; empty for unix sockets. */
  remoteAddress: string;
  /** DER of the client's certificate, when the listener asked for one and the handshake verified it. */
  peerCertificate?: Uint8Array;
}

export interface AuthAllowed {
  allowed: true;
  /**
   * Stable name of whoever owns the session, part of its key: a user name, a certificate's subject, a token's `sub`. Empty
   * for anonymous clients, who share one namespace of Client Identifiers.
   */
  owner: string;
  /** Wall time in ms when the credentials end, for those that do. */
  expiresAt?: number;
}

export interface AuthRefused {
  allowed: false;
  /** MQTT 5 reason code of the CONNACK (section 3.2.2.2); the engine translates it for older clients. */
  reasonCode: number;
  /** For the log and the console, never for the peer: it may tell which part was wrong. Holds no secret. */
  reason: string;
  /** What failed inside, for the log. */
  cause?: unknown;
}

export type AuthResult = AuthAllowed | AuthRefused;

/** Decides who a client is. Must not keep a password, and must answer within the time of the signal. */
export interface Authenticator {
  /** The answer when it needs no waiting (a remembered password, anonymous clients); undefined: ask `authenticate`. */
  authenticateNow(request: AuthRequest): AuthResult | undefined;
  /** Never rejects: what fails inside is a refusal. The signal aborts when the client went away or its time is up. */
  authenticate(request: AuthRequest, signal: AbortSignal): Promise<AuthResult>;
  /** The Authentication Method of that name, for a client that names one; undefined or absent: it is refused with 0x8C. */
  enhancedMethod?(name: string): EnhancedMethod | undefined;
}

/** One way to know clients, asked in turn by the chain. The first answer that is no abstention decides. */
export interface AuthenticationMethod {
  /** `later` when the answer needs waiting. */
  answerNow(request: AuthRequest): AuthResult | "abstain" | "later";
  answer(request: AuthRequest, signal: AbortSignal): Promise<AuthResult | "abstain">;
}

/** The reason codes of CONNACK that authentication answers with, section 3.2.2.2. */
export const AuthReasonCode = {
  BadUserNameOrPassword: 0x86,
  NotAuthorized: 0x87,
  ServerUnavailable: 0x88,
  ServerBusy: 0x89,
  BadAuthenticationMethod: 0x8c,
  ConnectionRateExceeded: 0x9f,
} as const;

export function refuse(reasonCode: number, reason: string): AuthRefused {
  return { allowed: false, reasonCode, reason };
}
