import dns from "node:dns";
import * as http from "node:http";
import * as net from "node:net";
import { type AttemptFailure, type Client, connect, type ConnectOptions } from "@bowline/client";
import type { DoctorOptions, Resolver } from "@bowline/doctor";
import type { MqttError } from "@bowline/protocol";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { TestServer } from "../proxy/test-server.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { Farm } from "./farm.ts";
import { allRows, type Row } from "./rows.ts";

// The client's failure objects on the same rows: the doctor's code, or it among the candidates, or what less can be seen.

const missing = missingPrograms("openssl");
const AT_ONCE = 8;

/** What the client says where it cannot see what the doctor's other attempts show, and why it cannot. */
const seesLess: Readonly<Record<string, string>> = {
  // 128 says that there is no reason. That another identifier is taken shows only in a second attempt under that one.
  CLIENT_ID: "UNSPEC",
  // One connection that ends soon is not told from a broker that falls; the third within a minute is called TAKEOVER.
  TAKEOVER: "CONNECTION_LOST",
  // One cut is no pattern: the second at the same age, of 5 s and more, is called so.
  WS_IDLE_CUT: "CONNECTION_LOST",
  NAT_IDLE: "CONNECTION_LOST",
  // A grant that is none: it does not know which messages there are.
  SUB_DENIED: "online",
  // It knows no provider's limits, and this one keeps silent.
  AWS_LIMITS: "online",
};
/** What a client lives with. */
const warnings: ReadonlySet<string> = new Set(["PORT_SCHEME_ODD", "TLS_CN_ONLY", "TLS_WEAK", "SERVER_KEEPALIVE"]);
/** Time for what a server does after its CONNACK, where it does anything a client can see. */
const STAY_MS = 800;

let farm: Farm;
let rows: readonly Row[];
let tunnels: TestServer;
let proxyUrl = "";
/** The row's resolver that is put in place of this machine's. */
let systemsOwn: Resolver | undefined;

beforeAll(async () => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  if (missing !== "") return;
  // As where programs are told to use a proxy: what is refused may be a firewall's doing.
  vi.stubEnv("HTTPS_PROXY", "http://proxy.invalid:3128");
  farm = await Farm.start();
  rows = allRows(farm).filter(isReachable);
  const alias = rows.find(({ id }) => id === "DNS_CNAME_HOST");
  systemsOwn = alias?.options?.resolver;
  answerFor(/\/\/(.*):/.exec(alias?.url ?? "")?.[1] ?? "", systemsOwn);
  tunnels = await startTunnels();
  proxyUrl = `http://127.0.0.1:${tunnels.port}`;
}, 60_000);
afterAll(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  if (missing !== "") return;
  await tunnels.stop();
  await farm.stop();
});

/**
 * Rows of faults that are no trouble for the client, or need what only the doctor has: another clock or process, and ways to offer no
 * subprotocol and to send no server name.
 */
function isReachable({ id, options, examine }: Row): boolean {
  const isOurs = options?.subprotocols ?? options?.now ?? examine;
  return isOurs === undefined && options?.serverName !== false && !warnings.has(id);
}

/** What the client says first of what goes wrong, and what else it holds possible. */
async function sayOf({ url, options = {} }: Row): Promise<readonly string[]> {
  try {
    const client = connect(url, clientOptions(options));
    const told = new Promise<AttemptFailure>((resolve) => {
      client.on("attemptFailed", resolve);
      client.on("connectionLost", resolve);
    }).then(({ error }) => error);
    const stayed = client.online().then(
      () => stay(client, options),
      () => told,
    );
    const error = await Promise.race([told, stayed]);
    await client.abort();
    return error === undefined ? ["online"] : sayings(error);
  } catch (error) {
    return sayings(error as MqttError);
  }
}

const sayings = ({ code, details }: MqttError): readonly string[] => [code, ...(details?.candidates ?? [])];

/** Does as a client what the doctor does in a session, and answers what it was told, if anything. */
async function stay(client: Client, options: DoctorOptions): Promise<MqttError | undefined> {
  const { topic, qos = 1, retain = false, payloadBytes = 4, holdSeconds = 0 } = options;
  const goneBy = new Promise<undefined>((resolve) => setTimeout(resolve, holdSeconds * 1000 + STAY_MS));
  if (topic === undefined) return holdSeconds === 0 ? undefined : goneBy;
  try {
    await client.subscribe(topic).ready;
    const publication = client.publish(topic, new Uint8Array(payloadBytes), { qos, retain });
    await Promise.race([publication, goneBy]);
  } catch (error) {
    return error as MqttError;
  }
  return goneBy;
}

function clientOptions(options: DoctorOptions): ConnectOptions {
  const { username, password, ca, cert, key, alpnProtocols, clientId, protocolVersion, will, origin, keepAlive, connectTo } =
    options;
  const given = <T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: NonNullable<T[K]> };
  const hasResolver = options.resolver !== undefined && options.resolver !== systemsOwn && connectTo === undefined;
  return {
    reconnect: false,
    connectTimeoutMs: 1500,
    credentials: { ...given({ username, password }), ...(origin === undefined ? {} : { headers: { origin } }) },
    tls: given({ ca, cert, key, alpnProtocols }),
    ...given({ protocolVersion, will, keepAlive }),
    ...(clientId === undefined ? {} : { session: { clientId } }),
    ...(hasResolver ? { socket: { lookup: lookupOf(options.resolver) } } : {}),
    // A tunnel leads elsewhere, and leaves name and port of the URL as they are.
    ...(connectTo === undefined ? {} : { proxy: { url: proxyUrl, headers: { "x-port": String(connectTo.port) } } }),
  };
}

/** Node's form of the row's resolver. */
function lookupOf(resolver: Resolver | undefined): never {
  const lookup = (name: string, options: { all?: boolean }, done: (...answer: readonly unknown[]) => void): void => {
    const tell = (addresses: readonly string[] = []): void =>
      options.all === true
        ? done(
            null,
            addresses.map((address) => ({ address, family: 4 })),
          )
        : done(null, addresses[0], 4);
    resolver?.lookup(name).then(tell, done);
  };
  return lookup as never;
}

/** Lets this machine's own resolver know one name more, with its alias: a client asks for aliases there alone. */
function answerFor(host: string, resolver: Resolver | undefined): void {
  const system = dns.lookup as (...given: readonly unknown[]) => void;
  const known = lookupOf(resolver) as typeof system;
  vi.spyOn(dns, "lookup").mockImplementation((name: string, ...rest: readonly unknown[]) =>
    (name === host ? known : system)(name, ...rest),
  );
  vi.spyOn(dns.promises.Resolver.prototype, "resolveCname").mockImplementation(async (name) => {
    const cname = name === host ? await resolver?.resolveCname(name) : undefined;
    return cname === undefined ? [] : [cname];
  });
}

/** A proxy whose tunnels lead to the port of this machine that a header names. */
async function startTunnels(): Promise<TestServer> {
  const server = http.createServer();
  server.on("connect", (request: http.IncomingMessage, socket: net.Socket) => {
    const further = net.connect(Number(request.headers["x-port"]), "127.0.0.1", () => socket.write("HTTP/1.1 200 Well\r\n\r\n"));
    for (const one of [socket, further]) one.on("error", () => undefined);
    socket.pipe(further).pipe(socket);
    // What a server does at once is the fault to be seen.
    further.once("close", () => socket.destroy());
    socket.once("close", () => further.destroy());
  });
  const one = new TestServer(server);
  await one.listen();
  return one;
}

describe.skipIf(missing !== "")(`the client on the farm${missing && ` (${missing})`}`, () => {
  test("it names the doctor's code, or has it among the candidates, or sees less as listed", { timeout: 60_000 }, async () => {
    const left = [...rows];
    const differences: string[] = [];
    const runAll = async (): Promise<void> => {
      for (let row = left.shift(); row !== undefined; row = left.shift()) {
        const said = await sayOf(row);
        if (!said.includes(row.id) && said[0] !== seesLess[row.id]) differences.push(`${row.id} at ${row.url}: ${said.join()}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, runAll));
    expect(rows.length).toBeGreaterThan(100);
    expect(differences).toEqual([]);
  });
});
