import { mkdtemp, rm, writeFile } from "node:fs/promises";
import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tls from "node:tls";
import { encodeToBytes } from "@bowline/protocol/internal";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { WebSocketServer } from "ws";
import { LocalBroker } from "../proxy/local-broker.ts";
import { TestServer } from "../proxy/test-server.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { NginxProcess } from "./nginx-process.ts";
import { type Material, OpensslAuthority } from "./openssl-certificates.ts";
import { clientKinds, type RouteOptions } from "./watched.ts";

// covers: [C4 client scripted] [C4 drop-in scripted] [A6 client scripted] [A6 drop-in scripted]
// Certificates made by openssl and a real nginx in front: scenario group C as Node sees it, row by row, for the client and the drop-in.

const missing = missingPrograms("openssl", "nginx");
const ATTEMPTS = 2;
/** A close that nobody explains leaves time for that many ms at most. */
const FAST_MS = 1000;

let folder: string;
let ca: string;
let broker: LocalBroker;
let nginx: NginxProcess;
const servers: TestServer[] = [];
const certificates = {} as Record<"good" | "selfSigned" | "otherName" | "nameOnly" | "expired", Material>;
const behind = {} as Record<"ws" | "withoutSubprotocol" | "closed" | "nginx" | "nginxTls", number>;

beforeAll(async () => {
  if (missing !== "") return;
  folder = await mkdtemp(join(tmpdir(), "bowline-rows-"));
  const authority = await OpensslAuthority.make(folder);
  ca = authority.cert;
  certificates.good = await authority.issue({ names: ["DNS:localhost"] });
  certificates.selfSigned = await authority.selfSigned("localhost");
  certificates.otherName = await authority.issue({ names: ["DNS:other.example", "DNS:www.other.example"] });
  certificates.nameOnly = await authority.issue({ commonName: "localhost" });
  certificates.expired = await authority.issue({ names: ["DNS:localhost"], days: -1 });
  broker = await LocalBroker.start();
  behind.ws = broker.port("ws");
  behind.withoutSubprotocol = (await listening(withoutSubprotocol())).port;
  behind.closed = await closedPort();
  [behind.nginx, behind.nginxTls] = [await closedPort(), await closedPort()];
  await writeFile(join(folder, "good.pem"), certificates.good.cert);
  await writeFile(join(folder, "good.key"), certificates.good.key);
  nginx = await NginxProcess.start(folder, nginxServers(), behind.nginx);
}, 60_000);
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  if (missing !== "") return;
  await nginx.stop();
  await broker.stop();
  await Promise.all(servers.map((server) => server.stop()));
  await rm(folder, { recursive: true });
});

async function listening(server: net.Server): Promise<TestServer> {
  const one = new TestServer(server);
  await one.listen();
  servers.push(one);
  return one;
}

async function closedPort(): Promise<number> {
  const one = new TestServer(net.createServer());
  await one.listen();
  await one.stop();
  return one.port;
}

const connack = encodeToBytes({ type: 2, sessionPresent: false, reasonCode: 0 }, 5);

function webSockets<Server extends http.Server | https.Server>(server: Server): Server {
  const sockets = new WebSocketServer({ server, handleProtocols: () => "mqtt" });
  sockets.on("connection", (socket) => socket.once("message", () => socket.send(connack)));
  return server;
}

/** Takes every upgrade and names no subprotocol. */
function withoutSubprotocol(): http.Server {
  const server = http.createServer();
  new WebSocketServer({ server, handleProtocols: () => false });
  return server;
}

function nginxServers(): string {
  const upgrade = 'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";';
  const locations = `
    location /mqtt { proxy_pass http://127.0.0.1:${behind.ws}; ${upgrade} }
    location /no-upgrade { proxy_pass http://127.0.0.1:${behind.ws}/mqtt; }
    location /down { proxy_pass http://127.0.0.1:${behind.closed}; ${upgrade} }
    location /secret { return 401; }
    location /forbidden { return 403; }
    location /moved { return 301 https://elsewhere.example/mqtt; }
    location /busy { return 503; }
    location /page { default_type text/html; return 200 "<html>hello</html>"; }
    location /stripped { proxy_pass http://127.0.0.1:${behind.withoutSubprotocol}; ${upgrade} }
  `;
  return `
  server { listen 127.0.0.1:${behind.nginx}; root ${folder}/nginx; ${locations} }
  server {
    listen 127.0.0.1:${behind.nginxTls} ssl;
    ssl_certificate ${folder}/good.pem; ssl_certificate_key ${folder}/good.key;
    root ${folder}/nginx; ${locations}
  }`;
}

type CertificateRow = readonly [
  title: string,
  material: keyof typeof certificates,
  hasAuthority: boolean,
  code: string,
  evidence: RegExp,
];

const certificateRows: readonly CertificateRow[] = [
  ["an authority that is known", "good", true, "", /./],
  ["a private authority", "good", false, "TLS_UNKNOWN_CA", /issued by CN=Test authority/],
  ["self-signed", "selfSigned", false, "TLS_SELF_SIGNED", /DEPTH_ZERO_SELF_SIGNED_CERT/],
  ["self-signed, and another authority given", "selfSigned", true, "TLS_SELF_SIGNED", /DEPTH_ZERO_SELF_SIGNED_CERT/],
  [
    "another name",
    "otherName",
    true,
    "TLS_SAN",
    /localhost is not in the certificate; it lists other\.example, www\.other\.example/,
  ],
  ["another name and a private authority", "otherName", false, "TLS_UNKNOWN_CA", /issued by/],
  ["a common name and no alternative one", "nameOnly", true, "", /./],
  ["expired", "expired", true, "TLS_EXPIRED", /until \d{4}-\d\d-\d\d/],
];

type HttpRow = readonly [title: string, path: string, code: string, stage: string, evidence: RegExp];

const httpRows: readonly HttpRow[] = [
  ["a right set-up", "/mqtt", "", "", /./],
  ["without the Upgrade headers", "/no-upgrade", "WS_426", "http", /HTTP 426/],
  ["nothing behind it", "/down", "WS_502", "http", /HTTP 502 from nginx/],
  ["a wrong path", "/nothing", "WS_404", "http", /HTTP 404 from nginx/],
  ["401", "/secret", "WS_401", "http", /HTTP 401 from nginx/],
  ["403", "/forbidden", "WS_403", "http", /HTTP 403 from nginx/],
  ["301", "/moved", "WS_301", "http", /HTTP 301 from nginx/],
  ["503", "/busy", "WS_503", "http", /HTTP 503 from nginx/],
  ["a page", "/page", "WS_200", "http", /HTTP 200 from nginx/],
  ["the subprotocol stripped", "/stripped", "WS_NO_SUBPROTO_REPLY", "ws", /Sec-WebSocket-Protocol/],
];

for (const { name, attempt } of clientKinds) {
  describe.skipIf(missing !== "")(`${name}${missing && ` (${missing})`}`, () => {
    /** That each attempt failed once, so and no slower. */
    async function expectFailures(
      url: string,
      options: RouteOptions,
      code: string,
      stage: string,
      evidence: RegExp,
    ): Promise<void> {
      const { isOnline, failures } = await attempt(url, options, ATTEMPTS);
      expect(isOnline).toBe(code === "");
      expect(failures.map((failure) => `${failure.stage} ${failure.code}`)).toEqual(
        Array(code === "" ? 0 : ATTEMPTS).fill(`${stage} ${code}`),
      );
      for (const { error, hints, msToFail } of failures) {
        expect(error.message).toMatch(evidence);
        expect(hints[0]?.length).toBeGreaterThan(10);
        expect(msToFail).toBeLessThan(FAST_MS);
      }
    }

    describe.each(["mqtts", "wss"])("certificates over %s", (scheme) => {
      test.each(certificateRows)("%s", async (_title, which, hasAuthority, code, evidence) => {
        const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
        const server =
          scheme === "wss"
            ? webSockets(https.createServer(certificates[which]))
            : tls.createServer(certificates[which], (socket) => {
                socket.on("error", () => undefined);
                socket.once("data", () => socket.write(connack));
              });
        const { port } = await listening(server);
        await expectFailures(`${scheme}://localhost:${port}/mqtt`, hasAuthority ? { ca } : {}, code, "tls", evidence);
        const told = warn.mock.calls.map(([text]) => String(text));
        expect(told).toEqual(which === "nameOnly" ? [expect.stringContaining("TLS_CN_ONLY")] : []);
      });
    });

    describe.each(["ws", "wss"])("nginx over %s", (scheme) => {
      test.each(httpRows)("%s", async (_title, path, code, stage, evidence) => {
        const port = scheme === "ws" ? behind.nginx : behind.nginxTls;
        await expectFailures(`${scheme}://localhost:${port}${path}`, { ca }, code, stage, evidence);
      });
    });

    test("ws to a wss port: nginx says that it wants TLS", () =>
      expectFailures(`ws://localhost:${behind.nginxTls}/mqtt`, {}, "WS_TO_TLS", "ws", /HTTPS port/));
    test("ws to a wss port that closes without a word", async () => {
      const { port } = await listening(webSockets(https.createServer(certificates.good)));
      await expectFailures(`ws://localhost:${port}/mqtt`, {}, "WS_TO_TLS", "ws", /./);
    });
    test("wss to a ws port", () => expectFailures(`wss://localhost:${behind.nginx}/mqtt`, { ca }, "WSS_TO_WS", "tls", /not TLS/));
    test.each(["ws", "wss"])("a closed port, %s", (scheme) =>
      expectFailures(`${scheme}://localhost:${behind.closed}/mqtt`, { ca }, "TCP_REFUSED", "tcp", /refused/),
    );
  });
}
