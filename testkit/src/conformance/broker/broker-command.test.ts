import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { chapterOf, versionName } from "../case.ts";
import { connack, type Version } from "../wire/build.ts";
import { packet } from "../wire/bytes.ts";
import { brokerCases } from "./broker-cases.ts";
import { judgeBroker, runBrokerCommand } from "./broker-command.ts";

/* The kit itself: it must see that a server does not do what it should. */

let server: Server | undefined;
const sockets = new Set<Socket>();

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server?.close();
});

/** A server that accepts every connection, answers every PINGREQ, and does nothing else. */
async function deafServer(): Promise<{ host: string; port: number }> {
  const one = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => socket.write(answer(chunk)));
  });
  server = one;
  one.listen(0, "127.0.0.1");
  await once(one, "listening");
  return { host: "127.0.0.1", port: (one.address() as AddressInfo).port };
}

function answer(chunk: Buffer): Buffer {
  if (chunk[0] === 0x10) return connack({ version: (chunk[8] === 5 ? 5 : 4) satisfies Version });
  return chunk.includes(Buffer.from([0xc0, 0x00])) ? packet(0xd0) : Buffer.alloc(0);
}

test("a server that only accepts and pings fails nearly every case, each with what was expected and seen", async () => {
  const cases = brokerCases.filter(
    ({ version, id }) => version === 5 && /subscribe\/|will\/|retain\/|qos\/|not-for-servers/.test(id),
  );
  const results = await judgeBroker({ address: await deafServer(), limitMs: 100 }, cases);
  const passed = results.filter(({ outcome }) => outcome === "passed").map(({ id }) => id);
  expect(cases.length).toBeGreaterThan(100);
  // An acknowledgement of what is not known may be ignored.
  expect(passed.filter((id) => !/pingreq|unknown-(puback|pubrec|pubcomp)/.test(id))).toEqual([]);
  for (const { outcome, reason, transcript } of results) {
    if (outcome !== "failed") continue;
    expect(reason).toMatch(/^expected .+\nbut saw .+/s);
    expect(transcript?.[0]).toMatch(/ -> CONNECT .*<10 /);
  }
});

test("the command prints a row for each chapter, the failures, and its exit code", async () => {
  const { port } = await deafServer();
  const lines: string[] = [];
  const code = await runBrokerCommand(`mqtt://127.0.0.1:${port}`, { chapter: "3.12" }, (line) => lines.push(line));
  const table = lines.filter((line) => /^(chapter|3\.12|all) /.test(line));
  expect(table.map((line) => line.replace(/\s+/g, " "))).toEqual([
    "chapter passed failed diverges not applicable",
    expect.stringMatching(/^3\.12 PINGREQ \d \d 0 0$/),
    expect.stringMatching(/^all \d \d 0 0$/),
  ]);
  expect(code).toBe(lines.some((line) => line.startsWith("failed:")) ? 1 : 0);
});

test("each case has an id of its own, names a statement or a section, and belongs to its version", () => {
  expect(new Set(brokerCases.map(({ id }) => id)).size).toBe(brokerCases.length);
  for (const one of brokerCases) {
    expect(one.id.startsWith(`${versionName(one.version)} `)).toBe(true);
    expect(chapterOf(one)).not.toBe("other");
    expect(one.version === 5 ? /\[v3 / : /\[MQTT-/).not.toSatisfy((pattern: RegExp) => pattern.test(one.title));
  }
});
