import type { ErrorCode } from "@bowline/protocol";
import type { ConnectionFacts } from "../acl/access-control.ts";

/** What an authenticator says of a client's rights; the rules of its tenant come behind it. */
export type GrantedAccess = Omit<ConnectionFacts, "remoteAddress">;

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
  /** DER of the client's certificate, when the handshake or a trusted proxy has verified it. */
  peerCertificate?: Uint8Array;
  /** In its place the Common Name alone, where a trusted proxy has verified the certificate and tells no more of it. */
  peerCommonName?: string;
  /** Why the certificate that it sent is not accepted, such as `CERT_REVOKED`: for the log, since the handshake does not end by it. */
  certificateFault?: string;
  /** The name asked for in TLS (SNI). */
  serverName?: string | undefined;
  /** The request that became a WebSocket; `queryString` is what stood behind the `?`, as it was sent. */
  upgrade?: { readonly headers: Readonly<Record<string, string>>; readonly queryString: string } | undefined;
  /** The Session is to outlive the connection. */
  isPersistent?: boolean;
  /** CONNECT has a Will. */
  hasWill?: boolean;
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
  /** What this answer grants beside the rules of the tenant: the claims of a token, a superuser. */
  access?: GrantedAccess;
  /** The answer holds so long; then it is asked for again, and takes its place. A refusal ends the connection. */
  refresh?: AuthRefresh;
}

/** How an answer is made anew on an open connection. */
export interface AuthRefresh {
  /** Ms from now. */
  afterMs: number;
  /** Never rejects. `expiresAt` of what it answers is passed over: the first answer's holds. */
  again(signal: AbortSignal): Promise<AuthResult>;
}

export interface AuthRefused {
  allowed: false;
  /** MQTT 5 reason code of the CONNACK (section 3.2.2.2); the engine translates it for older clients. */
  reasonCode: number;
  /** For the log and the console, never for the peer: it may tell which part was wrong. Holds no secret. */
  reason: string;
  /** Of the reason, for the log and the console, where one says more than the Reason Code. */
  code?: ErrorCode;
  /** For the peer, in the CONNACK of MQTT 5.0; absent where it is to know no more than the Reason Code. */
  reasonString?: string;
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
  /** The Authentication Method of that name, for a client of the tenant that names one; undefined or absent: it is refused with 0x8C. */
  enhancedMethod?(name: string, tenant: string): EnhancedMethod | undefined;
}

/**
 * One Authentication Method of MQTT 5.0 section 4.12, such as `SCRAM-SHA-256`: it decides who a client is by questions and
 * answers. Give yours to `startServer` (`authenticationMethods`), or to an Authenticator of your own (`enhancedMethod`).
 */
export interface EnhancedMethod {
  /** The Authentication Method as clients name it in CONNECT: a UTF-8 string, compared byte by byte. */
  readonly name: string;
  /**
   * Begins an exchange with one client, by its CONNECT or to authenticate it again on its open connection. The request is that of
   * its CONNECT both times; user name and password may be there beside the method, and mean what the method makes of them. What it, or
   * the exchange, throws refuses the client as not available, and is logged.
   */
  begin(request: AuthRequest): AuthenticationExchange;
}

/** One exchange under way. It is forgotten after a success, a refusal, a fault, or when the client goes away. */
export interface AuthenticationExchange {
  /** Whom the client says it is, as soon as that is known: its failures are slowed down by it. */
  readonly claimedUser?: string | undefined;
  /**
   * The client's Authentication Data (undefined when it sent none): first that of its CONNECT or AUTH 0x19, then that of each AUTH
   * 0x18. Called again only after it answered `continue`. The signal of a promise aborts when nobody waits for it any more.
   *
   * What is thrown, or rejected with, refuses the client and is logged as a fault of ours.
   */
  next(data: Uint8Array | undefined, signal: AbortSignal): ExchangeStep | Promise<ExchangeStep>;
  /** It is forgotten before it had an outcome: the client went away, or began another one. May be called after an outcome too. */
  end?(): void;
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
  Banned: 0x8a,
  BadAuthenticationMethod: 0x8c,
  ConnectionRateExceeded: 0x9f,
} as const;

export function refuse(reasonCode: number, reason: string): AuthRefused {
  return { allowed: false, reasonCode, reason };
}
