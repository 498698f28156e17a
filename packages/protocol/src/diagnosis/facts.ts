/**
 * What can be known of one attempt to connect, or of the connection it became. Every fact is optional: a page knows little, a Node
 * client more, the doctor most. Facts are observations, never conclusions, and never hold a secret: that there was a password, not
 * which.
 */

/** How far the attempt came before it failed; each includes those before it. */
export type Milestone = "started" | "resolved" | "connected" | "secured" | "upgraded" | "connect-sent" | "accepted";

/** The schemes a target may have; `tcp` and `tls` are aliases in other programs and are normalized before. */
export type Scheme = "mqtt" | "mqtts" | "ws" | "wss" | "unix";

export interface TargetFacts {
  readonly scheme?: string;
  /** As given by the caller, without brackets; also where it is nonsense. */
  readonly host?: string;
  readonly port?: number;
  /** Path and query of a WebSocket URL. */
  readonly path?: string;
  readonly hasFragment?: boolean;
}

/** One thrown or emitted error, with the fields of Node's; of several joined ones each is a fact of its own. */
export interface ErrorFacts {
  readonly name?: string;
  readonly code?: string;
  readonly syscall?: string;
  readonly message?: string;
  readonly address?: string;
  readonly port?: number;
  /** Node's explanation of a certificate whose name does not fit. */
  readonly reason?: string;
}

export interface DnsFacts {
  readonly addresses?: readonly string[];
  /** The name the host is an alias of. */
  readonly cname?: string;
  /** Whether the target is meant to be on the public internet, so that a private address is a fault. */
  readonly expectedPublic?: boolean;
}

/** The proxy an attempt goes through, and how far it came there. */
export interface ProxyFacts {
  /** "socks5" or "http" and so on: the scheme of its URL. */
  readonly kind: string;
  readonly host: string;
  readonly port: number;
  /** Whether a connection to the proxy itself came about, and whether it let us through. */
  readonly progress: "dialling" | "connected" | "through";
  /** The HTTP status of its answer. */
  readonly status?: number;
  readonly reason?: string;
}

export interface CertificateFacts {
  readonly subject?: string;
  readonly issuer?: string;
  readonly isSelfSigned?: boolean;
  /** Names without their "DNS:" or "IP Address:" prefix. */
  readonly alternativeNames?: readonly string[];
  /** Milliseconds since 1970. */
  readonly validFromMs?: number;
  readonly validToMs?: number;
  /** Certificates the server sent, its own included. */
  readonly chainLength?: number;
  /** Whether the last certificate sent is signed by itself. */
  readonly chainEndsSelfSigned?: boolean;
  /** Whether the leaf says where its issuer can be fetched (AIA), which public authorities do. */
  readonly namesIssuerAddress?: boolean;
}

/** What the caller configured as `ca`. */
export interface CaFacts {
  readonly pemCount: number;
  readonly isIntermediate?: boolean;
  readonly isServersLeaf?: boolean;
}

export interface TlsFacts {
  /** The name sent in the ClientHello; false when none was. */
  readonly serverName?: string | false;
  /** The alert the server sent, where it is known apart from the error's text. */
  readonly alert?: number;
  readonly authorizationError?: string;
  /** Whether any byte came in answer to the ClientHello of a handshake that failed. */
  readonly wasAnswered?: boolean;
  readonly certificate?: CertificateFacts;
  readonly ca?: CaFacts;
  readonly alpnOffered?: readonly string[];
  readonly alpnChosen?: string | false;
  readonly hasClientCertificate?: boolean;
  /** Whether the server sent a CertificateRequest. */
  readonly wasCertificateRequested?: boolean;
  /** "TLSv1.2" and so on. */
  readonly protocol?: string;
}

/** The answer to a WebSocket upgrade that was not 101. */
export interface HttpFacts {
  readonly status: number;
  readonly server?: string;
  readonly location?: string;
  /** As sent: seconds or a date. */
  readonly retryAfter?: string;
  readonly wwwAuthenticate?: string;
  readonly upgrade?: string;
  readonly contentType?: string;
  /** The first words of the answer's body. */
  readonly bodyStart?: string;
  /** Whether the request named an Origin, as those of pages do, and was not tried without. */
  readonly hadOrigin?: boolean;
  /** The x-amzn-ErrorType header. */
  readonly amznErrorType?: string;
  /** The Date header in milliseconds since 1970. */
  readonly dateMs?: number;
}

export interface WebSocketFacts {
  readonly everOpened?: boolean;
  readonly closeCode?: number;
  readonly closeReason?: string;
  readonly wasClean?: boolean;
  readonly offered?: readonly string[];
  /** The subprotocol of the server's answer; empty when it named none. */
  readonly chosen?: string;
  readonly gotTextFrame?: boolean;
  /** An error event after it had opened. */
  readonly wasGivenUp?: boolean;
}

export interface ConnackFacts {
  /** 3 for MQTT 3.1 and 3.1.1 alike is written 4. */
  readonly version: 4 | 5;
  readonly reasonCode: number;
  readonly reasonString?: string;
  readonly serverReference?: string;
  readonly sessionPresent?: boolean;
}

export interface DisconnectFacts {
  readonly reasonCode: number;
  readonly reasonString?: string;
  readonly serverReference?: string;
}

/** What our CONNECT said. */
export interface ConnectFacts {
  readonly version?: 3 | 4 | 5;
  readonly clientIdentifier?: string;
  readonly cleanStart?: boolean;
  readonly userName?: string;
  readonly hadPassword?: boolean;
  readonly hadWill?: boolean;
  readonly keepAliveSeconds?: number;
  /** The `exp` of a password that is a JSON web token, in milliseconds since 1970. */
  readonly tokenExpiresMs?: number;
}

/** What happened between CONNACK and the drop. */
export interface SessionFacts {
  readonly ageMs?: number;
  /** Ages of the drops before this one, latest first. */
  readonly previousAgesMs?: readonly number[];
  readonly lastSent?: "subscribe" | "publish" | "ping";
  readonly msSinceLastSent?: number;
  readonly isPingOutstanding?: boolean;
  readonly lastPublish?: { readonly qos: 0 | 1 | 2; readonly retain: boolean; readonly bytes: number };
  /** Limits of the CONNACK. */
  readonly maximumPacketSize?: number;
  readonly maximumQos?: 0 | 1;
  readonly retainAvailable?: boolean;
  /** A resumed session was expected, and the CONNACK had sessionPresent 0. */
  readonly wasSessionLost?: boolean;
  readonly roundTrip?: RoundTripFacts;
}

/** What became of a message that was sent to ourselves. */
export interface RoundTripFacts {
  readonly topicName: string;
  /** Reason Codes as answered; of 3.1.1 its 0x80. */
  readonly suback?: number;
  readonly puback?: number;
  /** Whether the message came back while we waited. */
  readonly hasArrived?: boolean;
}

export interface PageFacts {
  /** `location.protocol`, "https:" for instance. */
  readonly protocol?: string;
  readonly isOnline?: boolean;
  readonly cspViolation?: { readonly directive: string; readonly blockedUri: string };
  /** A fetch of the same host and port in no-cors mode. */
  readonly fetch?: "resolved" | "rejected";
  readonly localNetworkAccess?: "granted" | "prompt" | "denied";
  readonly wasFrozen?: boolean;
  readonly wasRestored?: boolean;
  readonly openSockets?: number;
  /** Firefox tells a page a little more: close code 1015 where a handshake failed. */
  readonly isFirefox?: boolean;
  /** Chromium has an error event after the open for frames that it does not understand, and for nothing else. */
  readonly isChromium?: boolean;
  /** What a page asked that was made to diagnose. */
  readonly probe?: PageProbeFacts;
  /** A line of the browser's console, which only a human can paste. */
  readonly consoleText?: string;
}

/** What further requests of a page found out, where a WebSocket did not open. */
export interface PageProbeFacts {
  /** A fetch of the same address in no-cors mode; absent where the page's policy forbids it. */
  readonly fetch?: "resolved" | "rejected" | "silent";
  readonly fetchMs?: number;
  /** Of a plain GET, where the server lets pages of other origins read it. */
  readonly status?: number;
  /** The same, where it leads elsewhere: then its status is not told. */
  readonly isRedirected?: boolean;
  /** The protocol of that answer, "h2" for instance, where the server lets pages read it. */
  readonly protocol?: string;
  /** Whether a request without TLS is answered on a port that was asked for with it. */
  readonly answersPlainHttp?: boolean;
  /** A request to the server of the page itself. */
  readonly ownOrigin?: "resolved" | "rejected" | "silent";
  /** The time of that server's answer by its own clock, in milliseconds since 1970. */
  readonly dateMs?: number;
  /** Whether that server and the target have one name. */
  readonly isOwnHost?: boolean;
  readonly opensWithoutSubprotocol?: boolean;
  /** With `mqttv3.1` in place of `mqtt`. */
  readonly opensWithOlderSubprotocol?: boolean;
  /** The same path, where a query belongs to it that may hold a token. */
  readonly opensWithoutQuery?: boolean;
  /** Another path of the same port that takes a WebSocket. */
  readonly otherPath?: string;
}

/** A change that let the same attempt succeed, or reach further: the strongest evidence there is. */
export type Healing =
  | "tls"
  | "plain"
  | "websocket"
  | "mqtt-over-tcp"
  | "server-name"
  | "alpn"
  | "client-certificate"
  | "older-tls"
  | "legacy-ciphers"
  | "protocol-3.1.1"
  | "random-client-id"
  | "without-will"
  | "without-origin"
  | "subprotocol"
  | "single-address"
  | "proxy"
  | "smaller-packet"
  | "shorter-keep-alive";

export interface AttemptFacts {
  readonly runtime?: "node" | "browser" | "worker" | "deno" | "bun";
  readonly target?: TargetFacts;
  readonly milestone?: Milestone;
  /** A deadline of ours ended the attempt. */
  readonly timedOut?: boolean;
  /** How the peer ended the connection. */
  readonly closedBy?: "fin" | "reset";
  /** Milliseconds from the start of the attempt to its failure. */
  readonly msToFail?: number;
  readonly errors?: readonly ErrorFacts[];
  /** At most 64 bytes that came where MQTT or TLS was expected. */
  readonly firstBytes?: Uint8Array;
  /** Whether those bytes came before any of ours. */
  readonly spokeFirst?: boolean;
  /** The peer ended the connection before any byte of ours, TLS and HTTP included. */
  readonly endedFirst?: boolean;
  readonly dns?: DnsFacts;
  readonly proxy?: ProxyFacts;
  readonly tls?: TlsFacts;
  readonly http?: HttpFacts;
  readonly ws?: WebSocketFacts;
  readonly connect?: ConnectFacts;
  readonly connack?: ConnackFacts;
  readonly disconnect?: DisconnectFacts;
  readonly session?: SessionFacts;
  readonly page?: PageFacts;
  /** The wall clock of this machine at the attempt, in milliseconds since 1970. */
  readonly nowMs?: number;
  readonly healedBy?: readonly Healing[];
  /** Whether another port of the same host answered while this one did not. */
  readonly otherPortAnswers?: boolean;
  /** Whether an HTTP proxy is configured in the environment. */
  readonly hasProxyEnvironment?: boolean;
}
