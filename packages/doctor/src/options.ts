import type { Will } from "@bowline/protocol";
import type { LogLine } from "./run-log.ts";

/** Where a name leads, for whoever has a resolver of his own. */
export interface Resolver {
  /** All addresses of a name; rejects as `dns.promises.lookup` does. */
  lookup(host: string): Promise<readonly string[]>;
  /** The name that a name is an alias of; rejects when it is none. */
  resolveCname(host: string): Promise<string | undefined>;
}

/** What the doctor is told beside the URL: what the client that fails is told. */
export interface DoctorOptions {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly clientId?: string | undefined;
  readonly keepAlive?: number;
  /** 3 is MQTT 3.1, 4 is MQTT 3.1.1; default 5. */
  readonly protocolVersion?: 3 | 4 | 5 | undefined;
  readonly will?: Will;
  /** The method of an enhanced authentication, and the data it begins with. */
  readonly authentication?: { readonly method: string; readonly data?: Uint8Array };
  /** PEM texts. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly passphrase?: string | undefined;
  /** The server name to ask for in place of the URL's host; false for none, as raw sockets of many libraries send none. */
  readonly serverName?: string | false | undefined;
  readonly alpnProtocols?: readonly string[] | undefined;
  /** Send credentials even to a server whose certificate does not verify. */
  readonly insecure?: boolean;
  /** Connect there in place of the URL's host and port. */
  readonly connectTo?: { readonly host: string; readonly port: number } | undefined;
  /** The Origin header, as the page would send it. */
  readonly origin?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Subprotocols to offer; default `mqtt`. */
  readonly subprotocols?: readonly string[];
  /** A topic this client may publish and subscribe to; default a random one below `doctor/`. */
  readonly topic?: string | undefined;
  /** QoS of the message of the round trip; default 1, or less where the server takes less. */
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
  /** Bytes of that message; default a few. */
  readonly payloadBytes?: number;
  /** Seconds to keep the connection, to see whether it stays. */
  readonly holdSeconds?: number;
  /** Whether to dial the well-known ports of the host too. */
  readonly scan?: boolean;
  /** Hears what the run does: each attempt and its packets, without secrets. */
  readonly log?: (line: LogLine) => void;
  readonly resolver?: Resolver;
  /** Milliseconds since 1970; default the clock of this machine. */
  readonly now?: () => number;
  /** Default that of the process: where a proxy may be named. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}
