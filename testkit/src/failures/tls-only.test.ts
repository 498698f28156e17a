import { mkdtemp, rm } from "node:fs/promises";
import * as net from "node:net";
import * as https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { encodeToBytes } from "@bowline/protocol/internal";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { WebSocketServer } from "ws";
import { TestServer } from "../proxy/test-server.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { OpensslAuthority } from "./openssl-certificates.ts";
import { type NameRefusal, TenantsServer } from "./tenants-server.ts";
import { clientKinds, type RouteOptions } from "./watched.ts";

// covers: [D1 client scripted] [D1 drop-in scripted] [D2 client scripted] [D2 drop-in scripted]
// TLS only, with tenants told apart by the server name: scenario group D, row by row, for the client and for the drop-in.

const missing = missingPrograms("openssl");
const ATTEMPTS = 3;

let folder: string;
let ca: string;
const servers: TestServer[] = [];
const at = {} as Record<NameRefusal | "plain" | "wss" | "wssByName", TestServer>;

beforeAll(async () => {
  if (missing !== "") return;
  folder = await mkdtemp(join(tmpdir(), "bowline-tls-only-"));
  const authority = await OpensslAuthority.make(folder);
  ca = authority.cert;
  const names = ["DNS:tenant-a.localhost", "DNS:tenant-b.localhost", "DNS:localhost", "IP:127.0.0.1"];
  const material = await authority.issue({ names });
  at.alert = await TenantsServer.start("alert", material, acceptMqtt);
  at.close = await TenantsServer.start("close", material, acceptMqtt);
  at.plain = await listening(net.createServer(acceptMqtt));
  at.wss = await listening(webSockets(material));
  at.wssByName = await TenantsServer.start("alert", material, (socket) => socket.end());
  servers.push(...Object.values(at));
}, 30_000);
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  if (missing === "") await rm(folder, { recursive: true });
});

async function listening(server: net.Server): Promise<TestServer> {
  const one = new TestServer(server);
  await one.listen();
  return one;
}

const connack = encodeToBytes({ type: 2, sessionPresent: false, reasonCode: 0 }, 5);

/** As a broker: a CONNECT is accepted, and what is none closes. */
function acceptMqtt(socket: net.Socket | TLSSocket): void {
  socket.on("error", () => undefined);
  socket.once("data", (chunk) => (chunk[0] === 0x10 ? socket.write(connack) : socket.destroy()));
}

function webSockets(material: { cert: string; key: string }): https.Server {
  const server = https.createServer(material);
  const sockets = new WebSocketServer({ server, handleProtocols: () => "mqtt" });
  sockets.on("connection", (socket) => socket.once("message", () => socket.send(connack)));
  return server;
}

/** Names of the test are this machine. */
const lookup = ((_name: string, { all }: { all?: boolean }, callback: (...answer: unknown[]) => void) =>
  all === true ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4)) as unknown as NonNullable<
  RouteOptions["lookup"]
>;

type Row = readonly [
  title: string,
  url: (port: Record<keyof typeof at, number>) => string,
  codes: string,
  expected: {
    readonly isOnline?: boolean;
    readonly options?: RouteOptions;
    readonly warns?: boolean;
    readonly server: keyof typeof at;
  },
];

const rowsOf = (refusal: NameRefusal): readonly Row[] => [
  ["1 the right name", (port) => `mqtts://tenant-a.localhost:${port[refusal]}`, "", { isOnline: true, server: refusal }],
  [
    "2 by address",
    (port) => `mqtts://127.0.0.1:${port[refusal]}`,
    refusal === "alert" ? "TLS_SNI" : "CONNACK_NONE of TLS_SNI",
    { warns: true, server: refusal },
  ],
  [
    "3 by address with a server name",
    (port) => `mqtts://127.0.0.1:${port[refusal]}`,
    "",
    { isOnline: true, options: { servername: "tenant-a.localhost" }, server: refusal },
  ],
  [
    "4 a wrong name",
    (port) => `mqtts://localhost:${port[refusal]}`,
    refusal === "alert" ? "TLS_SNI" : "CONNACK_NONE of MTLS_REQUIRED_13",
    { server: refusal },
  ],
  [
    "5 an alias",
    (port) => `mqtts://alias.example:${port[refusal]}`,
    refusal === "alert" ? "TLS_SNI" : "TLS_SAN",
    { server: refusal },
  ],
  [
    "6 a private authority that was not given",
    (port) => `mqtts://tenant-a.localhost:${port[refusal]}`,
    "TLS_UNKNOWN_CA",
    { options: { ca: "" }, server: refusal },
  ],
  [
    "7 mqtt to the TLS port",
    (port) => `mqtt://tenant-a.localhost:${port[refusal]}`,
    refusal === "alert" ? "PLAIN_TO_TLS" : "CONNACK_NONE of PLAIN_TO_TLS",
    { server: refusal },
  ],
  ["8 mqtts to the plain port", (port) => `mqtts://localhost:${port.plain}`, "TLS_CLOSED of TLS_TO_PLAIN", { server: "plain" }],
  ["9 mqtt to the wss port", (port) => `mqtt://localhost:${port.wss}`, "CONNACK_NONE of PLAIN_TO_TLS", { server: "wss" }],
  ["10 mqtts to the wss port", (port) => `mqtts://localhost:${port.wss}`, "MQTT_TO_HTTPS", { server: "wss" }],
  [
    "11 wss to the mqtts port",
    (port) => `wss://tenant-a.localhost:${port[refusal]}`,
    "WS_TO_TCP of WS_TO_TCP",
    { server: refusal },
  ],
  ["12 wss by address", (port) => `wss://127.0.0.1:${port.wssByName}`, "TLS_SNI", { warns: true, server: "wssByName" }],
];

for (const { name, attempt } of clientKinds) {
  describe.skipIf(missing !== "")(`${name}${missing && ` (${missing})`}`, () => {
    test("TLS to an address without a server name is warned of once, before dialling", async () => {
      const server = await TenantsServer.start("alert", await (await OpensslAuthority.make(folder)).issue({}), acceptMqtt);
      servers.push(server);
      const warnings: string[] = [];
      vi.spyOn(console, "warn").mockImplementation((text: string) => warnings.push(`${text} (${server.taken} dialled)`));
      await attempt(`mqtts://127.0.0.1:${server.port}`, {}, ATTEMPTS);
      expect(warnings).toEqual([expect.stringMatching(/TLS_SNI: .*no SNI will be sent.*\(0 dialled\)/)]);
    });

    describe.each(["alert", "close"] as const)("a name that is nobody's is refused by %s", (refusal) => {
      test.each(rowsOf(refusal))("%s", async (_title, url, wanted, { isOnline = false, options = {}, warns = false, server }) => {
        const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
        const ports = Object.fromEntries(Object.entries(at).map(([key, { port }]) => [key, port])) as Record<
          keyof typeof at,
          number
        >;
        const before = at[server].taken;
        const { ca: own = ca, ...more } = options;
        const { isOnline: was, failures } = await attempt(
          url(ports),
          { ...(own === "" ? {} : { ca: own }), lookup, ...more },
          ATTEMPTS,
        );
        expect(was).toBe(isOnline);
        const taken = at[server].taken - before;
        expect(failures).toHaveLength(isOnline ? 0 : ATTEMPTS);
        // An attempt whose socket was taken, and no other connection beside it.
        expect(taken).toBe(isOnline ? 1 : ATTEMPTS);
        expect(new Set(failures.map(namedBy(wanted)))).toEqual(new Set(isOnline ? [] : [wanted]));
        expect(Math.max(0, ...failures.map(({ msToFail }) => msToFail))).toBeLessThan(1000);
        if (!warns) expect(warn).not.toHaveBeenCalled();
      });
    });
  });
}

/** The code, and where that leaves a doubt the likeliest explanation. */
function namedBy(wanted: string): (failure: { code: string; error: { details?: { candidates?: readonly string[] } } }) => string {
  return ({ code, error }) => (wanted.includes(" of ") ? `${code} of ${error.details?.candidates?.[0]}` : code);
}
