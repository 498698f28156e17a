import { type AttemptFailure, connect, type ConnectOptions } from "@bowline/client";
import type { DoctorOptions } from "@bowline/doctor";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { missingPrograms } from "../system/missing-programs.ts";
import { Farm } from "./farm.ts";
import { allRows, type Row } from "./rows.ts";

// The client's failure objects on the same rows: the doctor's code, or it among the candidates, or what less can be seen.

const missing = missingPrograms("openssl");
const AT_ONCE = 8;

/** What the client says where it cannot see what the doctor's other attempts show. Each is a row of the list of differences. */
const seesLess: Readonly<Record<string, string>> = {
  // It asks for no alias, and does not know which names are meant to be public.
  DNS_CNAME_HOST: "TLS_SAN",
  DNS_LOOPBACK: "TCP_REFUSED",
  // The name that such a URL begins with is looked up.
  URL_AS_HOST: "DNS_NXDOMAIN",
  // It tries both loopbacks, of which one has no listener.
  TCP_RESET_AT_ACCEPT: "TCP_REFUSED",
  // It asks no proxy that it was not given.
  PROXY_ENV: "TCP_REFUSED",
  // One attempt is not compared with another.
  B_ORIGIN: "WS_403",
  CLIENT_ID: "UNSPEC",
  AWS_ALPN: "AWS_NO_CONNECT",
  // It does not look into passwords.
  JWT_EXPIRED: "NOT_AUTHORIZED",
  // Its encoder refuses the packet.
  TOPIC_NAME: "PACKET_INVALID",
};
/** What a client lives with. */
const warnings: ReadonlySet<string> = new Set(["PORT_SCHEME_ODD", "TLS_CN_ONLY", "TLS_WEAK"]);

let farm: Farm;

beforeAll(async () => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  if (missing === "") farm = await Farm.start();
}, 60_000);
afterAll(async () => {
  vi.restoreAllMocks();
  if (missing === "") await farm.stop();
});

/** Rows that end with or before the CONNACK, and need nothing that only the doctor has. */
function isReachable({ id, options }: Row): boolean {
  const isOurs = options?.topic ?? options?.holdSeconds ?? options?.subprotocols ?? options?.now;
  return isOurs === undefined && !warnings.has(id);
}

/** What the client says of its first attempt. */
async function sayOf({ url, options = {} }: Row): Promise<readonly string[]> {
  const { connectTo } = options;
  const place = connectTo === undefined ? url : url.replace(/^(\w+:\/\/[^/:]+)(:\d+)?/, `$1:${connectTo.port}`);
  try {
    const client = connect(place, clientOptions(options));
    const failed = new Promise<AttemptFailure>((resolve) => client.on("attemptFailed", resolve));
    const failure = await Promise.race([failed, client.online().then(() => undefined)]).catch(() => failed);
    await client.abort();
    return failure === undefined ? ["online"] : [failure.code, ...(failure.error.details?.candidates ?? [])];
  } catch (error) {
    return [(error as { code: string }).code];
  }
}

function clientOptions(options: DoctorOptions): ConnectOptions {
  const { username, password, ca, cert, key, alpnProtocols, clientId, protocolVersion, will, origin } = options;
  const given = <T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: NonNullable<T[K]> };
  return {
    reconnect: false,
    connectTimeoutMs: 1500,
    credentials: { ...given({ username, password }), ...(origin === undefined ? {} : { headers: { origin } }) },
    tls: given({ ca, cert, key, alpnProtocols }),
    ...given({ protocolVersion, will }),
    ...(clientId === undefined ? {} : { session: { clientId } }),
    ...(options.resolver === undefined ? {} : { socket: { lookup: lookupOf(options) } }),
  };
}

/** Node's form of the row's resolver. */
function lookupOf({ resolver, connectTo }: DoctorOptions): never {
  const lookup = (name: string, options: { all?: boolean }, done: (...answer: readonly unknown[]) => void): void => {
    const found = connectTo === undefined ? resolver?.lookup(name) : Promise.resolve([connectTo.host]);
    const tell = (addresses: readonly string[] = []): void =>
      options.all === true
        ? done(
            null,
            addresses.map((address) => ({ address, family: 4 })),
          )
        : done(null, addresses[0], 4);
    found?.then(tell, done);
  };
  return lookup as never;
}

describe.skipIf(missing !== "")(`the client on the farm${missing && ` (${missing})`}`, () => {
  test("it names the doctor's code, or has it among the candidates, or sees less as listed", { timeout: 60_000 }, async () => {
    const rows = allRows(farm).filter(isReachable);
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
