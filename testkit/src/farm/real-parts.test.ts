import { mkdtemp, rm } from "node:fs/promises";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@bowline/client";
import { type DoctorOptions, examine, type Report } from "@bowline/doctor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NginxProcess } from "../failures/nginx-process.ts";
import type { Material } from "../failures/openssl-certificates.ts";
import { TestServer } from "../proxy/test-server.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { makeCertificates, type MaterialName } from "./certificates.ts";
import { MosquittoFaults } from "./mosquitto-faults.ts";

// The same faults made by a mosquitto and an nginx, which say less than servers of our own.

/** After how much silence nginx cuts at /slow-idle. */
const IDLE_S = process.env["BOWLINE_LONG"] === "1" ? 60 : 2;
const missing = missingPrograms("openssl", "mosquitto", "nginx");

let folder: string;
let certificates: Readonly<Record<MaterialName, Material>>;
let mosquitto: MosquittoFaults;
let nginx: NginxProcess;
let front = 0;
let occupant: net.Socket | undefined;

beforeAll(async () => {
  if (missing !== "") return;
  folder = await mkdtemp(join(tmpdir(), "bowline-parts-"));
  certificates = await makeCertificates(folder);
  mosquitto = await MosquittoFaults.start(folder);
  front = await closedPort();
  nginx = await NginxProcess.start(folder, nginxServer(await closedPort()), front);
}, 60_000);
afterAll(async () => {
  if (missing !== "") return;
  occupant?.destroy();
  await nginx.stop();
  await mosquitto.stop();
  await rm(folder, { recursive: true });
});

async function closedPort(): Promise<number> {
  const one = new TestServer(net.createServer());
  await one.listen();
  await one.stop();
  return one.port;
}

function nginxServer(dead: number): string {
  const behind = `http://127.0.0.1:${mosquitto.port("web")}`;
  const upgrade = 'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";';
  return `server {
    listen 127.0.0.1:${front}; root ${folder}/nginx;
    location /mqtt { proxy_pass ${behind}; ${upgrade} }
    location /no-upgrade { proxy_pass ${behind}; }
    location /dead { proxy_pass http://127.0.0.1:${dead}; ${upgrade} }
    location /slow-idle { proxy_pass ${behind}; ${upgrade} proxy_read_timeout ${IDLE_S}s; }
    location /idle { proxy_pass ${behind}; ${upgrade} proxy_read_timeout 1s; }
  }`;
}

/** "ID" for a finding without doubt, "ID of A,B" for one of several. */
function named({ cause }: Report): string {
  if (cause === null) return "healthy";
  return cause.oneOf.length === 0 ? cause.id : `${cause.id} of ${cause.oneOf.slice(0, 2).join()}`;
}

type Part = readonly [expected: string, url: () => string, options?: () => DoctorOptions];

const at = (scheme: string, name: Parameters<MosquittoFaults["port"]>[0]) => (): string =>
  `${scheme}://localhost:${mosquitto.port(name)}${scheme.startsWith("ws") ? "/mqtt" : ""}`;
const ca = (): DoctorOptions => ({ ca: certificates.root.cert });
const withClient = (name: "client" | "foreignClient" | "expiredClient") => (): DoctorOptions => ({
  ...ca(),
  ...certificates[name],
});

const parts: readonly Part[] = [
  ["healthy", at("mqtt", "plain")],
  ["healthy", at("mqtts", "secure"), ca],
  ["healthy", at("mqtts", "mutual"), withClient("client")],
  ["healthy", at("ws", "web")],
  ["TLS_TO_PLAIN", at("mqtts", "plain")],
  ["PLAIN_TO_TLS", at("mqtt", "secure")],
  ["WS_TO_TCP", at("ws", "plain")],
  ["WS_TO_TLS", at("ws", "secure")],
  ["WSS_TO_WS", at("wss", "web")],
  ["MQTT_TO_HTTP", at("mqtt", "web")],
  ["TLS_TO_HTTP", at("mqtts", "web")],
  // It sends what its `cafile` holds, the root too.
  ["TLS_PRIVATE_ROOT", at("mqtts", "secure")],
  ["MTLS_REQUIRED_13", at("mqtts", "mutual"), ca],
  ["MTLS_UNKNOWN_CA", at("mqtts", "mutual"), withClient("foreignClient")],
  ["MTLS_EXPIRED", at("mqtts", "mutual"), withClient("expiredClient")],
  ["NOT_AUTHORIZED", at("mqtt", "login")],
  ["NOT_AUTHORIZED of NOT_AUTHORIZED,BAD_CREDENTIALS", at("mqtt", "login"), () => ({ username: "ann", password: "wrong" })],
  ["SUB_DENIED of SUB_DENIED,PUB_DENIED", at("mqtt", "rules"), () => ({ topic: "a/b" })],
  ["QOS_UNSUPPORTED", at("mqtt", "small"), () => ({ qos: 1 })],
  ["healthy", () => `ws://localhost:${front}/mqtt`],
  ["WS_404", () => `ws://localhost:${front}/nothing`],
  ["WS_502", () => `ws://localhost:${front}/no-upgrade`],
  ["WS_502", () => `ws://localhost:${front}/dead`],
  ["WS_IDLE_CUT", () => `ws://localhost:${front}/idle`, () => ({ holdSeconds: 3 })],
  ["WSS_TO_WS", () => `wss://localhost:${front}/mqtt`],
  ["MQTT_TO_HTTP", () => `mqtt://localhost:${front}`],
];

describe.skipIf(missing !== "")(`mosquitto and nginx${missing && ` (${missing})`}`, () => {
  test("each fault is called what it is", async () => {
    const found = await Promise.all(
      parts.map(async ([, url, options]) => [named(await examine(url(), options?.() ?? {})), url().replace(/:\d+/, "")]),
    );
    expect(found).toEqual(parts.map(([expected, url]) => [expected, url().replace(/:\d+/, "")]));
  });

  test("[C6 doctor] a proxy's time-out is found and told", { timeout: 300_000 }, async () => {
    const { cause } = await examine(`ws://localhost:${front}/slow-idle`, { holdSeconds: IDLE_S + 4, keepAlive: 4 * IDLE_S });
    expect(cause).toMatchObject({ id: "WS_IDLE_CUT", oneOf: [] });
    expect(cause?.fix.map(({ text }) => text)).toContainEqual(
      expect.stringContaining(`cut after about ${IDLE_S} s without a packet`),
    );
    expect(cause?.fix.find(({ config }) => config !== undefined)?.config).toContain("proxy_read_timeout");
    const kept = await examine(`ws://localhost:${front}/slow-idle`, { holdSeconds: IDLE_S + 1, keepAlive: IDLE_S });
    expect(kept).toMatchObject({ healthy: true });
  });

  test("two clients of one identifier take it from each other again and again", async () => {
    const url = at("mqtt", "plain")();
    const rival = connect(url, {
      session: { clientId: "shared" },
      reconnect: { firstDelayMs: 300, baseDelayMs: 300, maximumDelayMs: 300 },
    });
    rival.on("attemptFailed", () => undefined);
    await rival.online();
    const report = await examine(url, { clientId: "shared", holdSeconds: 4 });
    await rival.abort();
    expect(named(report)).toMatch(/^TAKEOVER/);
  });

  test("a broker whose connections are used up closes without a word, and is not taken for something else", async () => {
    occupant = net.connect(mosquitto.port("full"), "localhost");
    await new Promise((resolve) => occupant?.once("connect", resolve));
    const report = await examine(at("mqtt", "full")());
    expect(named(report)).toMatch(/^TCP_CLOSE_AT_ACCEPT|^TCP_RESET_AT_ACCEPT/);
  });
});
