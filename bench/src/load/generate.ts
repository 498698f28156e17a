import {
  type ConnectionsResult as MeasuredConnections,
  type LoadOptions as EngineOptions,
  type LoadResult as MeasuredLoad,
  type LoadServer,
  loopbackAddresses,
  plainServer,
  runConnections,
  runLoad,
} from "bowline/internal";
import type { LoadOptions } from "./load-options.ts";

/** What a run found; one JSON line of the generator. */
export type LoadResult = MeasuredLoad & Pick<LoadOptions, "label" | "mode" | "n" | "topics" | "qos" | "size" | "version" | "rate">;

/** What connecting, or being connected, costs; one JSON line of the generator. */
export type ConnectionsResult = MeasuredConnections & Pick<LoadOptions, "label" | "mode" | "n" | "tls" | "users" | "version">;

/** Runs the generator of the command, `bowline bench`, as the options of the comparisons say. */
export async function generate(options: LoadOptions): Promise<LoadResult | ConnectionsResult> {
  return options.mode === "churn" || options.mode === "hold" ? connections(options) : flow(options);
}

async function flow(options: LoadOptions): Promise<LoadResult> {
  const { label, mode, n, topics, qos, size, version, rate } = options;
  const engine: EngineOptions = {
    ...options,
    server: serverOf(options),
    topology: mode === "pairs" ? "pairs" : "shared",
    publishers: mode === "fanout" ? 1 : n,
    subscribers: mode === "fanin" ? 1 : n,
    prefix: "bench",
    ramp: 0,
    retain: false,
    message: undefined,
    hasTimes: false,
  };
  return { label, mode, n, topics, qos, size, version, rate, ...(await runLoad(engine)) };
}

async function connections(options: LoadOptions): Promise<ConnectionsResult> {
  const { label, mode, n, tls, users, version, count, threads, pid, user, host, seconds } = options;
  const server: LoadServer = {
    ...serverOf(options, users === 1 ? user : `${user}-%i`),
    users,
    localAddresses: loopbackAddresses(host),
  };
  const hold = mode === "hold" ? seconds : undefined;
  const measured = await runConnections({ server, count, atOnce: n, rate: 0, hold, hasTimes: false, threads, pid });
  return { label, mode, n, tls, users, version, ...measured };
}

function serverOf({ host, port, version, user, password, tls }: LoadOptions, username: string = user): LoadServer {
  const server = plainServer(host, port, version, username, password);
  if (tls === 0) return server;
  return { ...server, target: { ...server.target, scheme: "mqtts", tls: { rejectUnauthorized: false } } };
}
