import { type AttemptFailure, connect, type ConnectOptions } from "@bowline/client";
import mqtt, { type IClientOptions } from "@bowline/mqttjs";

/** What became of a client that made a number of attempts. */
export interface Outcome {
  readonly isOnline: boolean;
  readonly failures: readonly AttemptFailure[];
}

/** One way to use a client, for tests that hold for each. */
export interface ClientKind {
  readonly name: string;
  /** Makes attempts until one succeeds or that many have failed. */
  attempt(url: string, options: RouteOptions, attempts: number): Promise<Outcome>;
}

/** What both kinds of clients can be told. */
export interface RouteOptions {
  readonly ca?: string;
  readonly servername?: string;
  readonly connectTimeoutMs?: number;
  readonly rejectUnauthorized?: boolean;
  readonly lookup?: (name: string, options: never, callback: never) => void;
}

const client: ClientKind = {
  name: "the client",
  async attempt(url, { connectTimeoutMs = 3000, lookup, ...tls }, attempts) {
    // Credentials that are asked for make it try again whatever failed.
    const options: ConnectOptions = {
      tls,
      connectTimeoutMs,
      credentials: () => ({}),
      reconnect: { delay: () => 1, maximumAttempts: attempts },
      ...(lookup === undefined ? {} : { socket: { lookup: lookup as never } }),
    };
    const one = connect(url, options);
    const failures: AttemptFailure[] = [];
    one.on("attemptFailed", (failure) => failures.push(failure));
    const isOnline = await one.online().then(
      () => true,
      () => false,
    );
    await one.abort();
    return { isOnline, failures };
  },
};

const dropIn: ClientKind = {
  name: "the drop-in",
  async attempt(url, { connectTimeoutMs = 3000, ...more }, attempts) {
    const options = { ...more, connectTimeout: connectTimeoutMs, reconnectPeriod: 1, protocolVersion: 5 } as IClientOptions;
    const one = mqtt.connect(url, options);
    const failures: AttemptFailure[] = [];
    const isOnline = await new Promise<boolean>((resolve) => {
      one.on("connect", () => resolve(true));
      one.on("error", ({ failure }) => failure !== undefined && failures.push(failure) >= attempts && resolve(false));
    });
    await one.endAsync(true);
    return { isOnline, failures };
  },
};

export const clientKinds: readonly ClientKind[] = [client, dropIn];
