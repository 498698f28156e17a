import { mkdtemp, rm } from "node:fs/promises";
import * as http from "node:http";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tls from "node:tls";
import { type DoctorOptions, examine, type LogLine, printReport, reportJson, supportBundle } from "@bowline/doctor";
import { encodeToBytes, PacketType } from "@bowline/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Material, OpensslAuthority } from "../failures/openssl-certificates.ts";
import { TestServer } from "../proxy/test-server.ts";
import { missingPrograms } from "../system/missing-programs.ts";

/*
 * Whatever secret a run is told, in whichever option or part of the URL, stands in nothing that it prints or writes, also where the server
 * repeats all that it hears: in words of MQTT, in the body of a refusal, or as it came.
 */

const missing = missingPrograms("openssl");
const runs = process.env["BOWLINE_LONG"] === "1" ? 500 : 12;

let folder: string;
let material: Material;
let servers: readonly (readonly [scheme: string, server: TestServer])[] = [];

beforeAll(async () => {
  if (missing !== "") return;
  folder = await mkdtemp(join(tmpdir(), "bowline-hidden-"));
  material = await (await OpensslAuthority.make(folder)).issue({ names: ["DNS:localhost"] });
  servers = [
    ["mqtt", await listening(net.createServer(repeatInWords))],
    ["mqtt", await listening(net.createServer((socket) => void socket.on("error", () => undefined).pipe(socket)))],
    ["mqtts", await listening(tls.createServer(material, repeatInWords))],
    ["ws", await listening(http.createServer().on("upgrade", repeatInBody))],
  ];
});
afterAll(async () => {
  await Promise.all(servers.map(([, server]) => server.stop()));
  if (missing === "") await rm(folder, { recursive: true });
});

async function listening(server: net.Server): Promise<TestServer> {
  const one = new TestServer(server);
  await one.listen();
  return one;
}

/** Refuses with all that the CONNECT said as its reason. */
function repeatInWords(socket: net.Socket): void {
  socket.on("error", () => undefined);
  socket.once("data", (chunk) => {
    const reasonString = chunk.toString("latin1").replace(/[^ -~]/g, " ");
    const packet = { type: PacketType.CONNACK, sessionPresent: false, reasonCode: 135, properties: { reasonString } } as const;
    socket.end(encodeToBytes(packet, 5));
  });
}

function repeatInBody(request: http.IncomingMessage, socket: net.Socket): void {
  socket.on("error", () => undefined);
  const body = [request.url, ...request.rawHeaders].join(" ");
  socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${body.length}\r\nX-Amzn-ErrorType: ${request.url}\r\n\r\n${body}`);
}

const secret = fc.string({ unit: fc.constantFrom(..."abcXYZ0189+/=_-%!".split("")), minLength: 8, maxLength: 24 });
const place = fc.constantFrom("userinfo", "query", "none");

function told([user, password, token, header, passphrase, data, will]: readonly string[]): DoctorOptions {
  return {
    username: user,
    password,
    headers: { authorization: `Bearer ${token}`, "x-api-key": header ?? "" },
    passphrase,
    authentication: { method: "X", data: Buffer.from(data ?? "") },
    will: { topicName: "w", payload: Buffer.from(will ?? ""), qos: 0, retain: false },
    insecure: true,
  };
}

describe.skipIf(missing !== "")(`what is secret${missing && ` (${missing})`}`, () => {
  test("it stands in no report, no text, no log and no bundle", { timeout: 1_200_000 }, async () => {
    const seven = fc.uniqueArray(secret, { minLength: 7, maxLength: 7 });
    const property = fc.asyncProperty(seven, place, fc.nat(3), async (secrets, where, which) => {
      const [scheme = "", server] = servers[which] ?? [];
      const [user = "", password = "", token = ""] = secrets.map(encodeURIComponent);
      const userInfo = where === "userinfo" ? `${user}:${password}@` : "";
      const url = `${scheme}://${userInfo}localhost:${server?.port}/mqtt${where === "query" ? `?token=${token}&plain=${password}` : ""}`;
      const options = told(secrets);
      const log: LogLine[] = [];
      const report = await examine(url, { ...options, log: (line) => log.push(line) });
      const logTail = `connecting to ${url} as ${secrets.join(" ")}`;
      const bundle = supportBundle({ url, options, report, log, logTail, client: {} });
      const said = [reportJson(report), printReport(report, true, log), JSON.stringify(log), JSON.stringify(bundle)];
      expect(log.length).toBeGreaterThan(1);
      const leaked = secrets.filter((one) =>
        said.some((text) => text.includes(one) || text.includes(Buffer.from(one).toString("hex"))),
      );
      expect(leaked).toEqual([]);
    });
    await fc.assert(property, { numRuns: runs });
  });
});
