import * as net from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestServer } from "../proxy/test-server.ts";
import { clientKinds } from "./watched.ts";

// A port that belongs to another service: its first bytes say which, at once.

const ATTEMPTS = 2;

/** A service and what it says: by itself, or in answer to the first bytes, which are then shown. */
interface Service {
  readonly speaks: string;
  readonly first: boolean;
  readonly words: string | Uint8Array;
  /** Whether it then closes. */
  readonly closes: boolean;
}

const services: readonly Service[] = [
  { speaks: "SSH", first: true, words: "SSH-2.0-OpenSSH_9.2\r\n", closes: false },
  { speaks: "SMTP or FTP", first: true, words: "220 mail.example ESMTP\r\n", closes: false },
  { speaks: "NATS", first: true, words: 'INFO {"server_id":"x"}\r\n', closes: false },
  { speaks: "Redis", first: false, words: "-ERR unknown command\r\n", closes: false },
  { speaks: "AMQP", first: false, words: Buffer.from("AMQP\0\0\x09\x01", "latin1"), closes: true },
  {
    speaks: "HTTP",
    first: false,
    words: "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    closes: true,
  },
  { speaks: "TLS", first: false, words: Uint8Array.of(0x15, 3, 1, 0, 2, 2, 70), closes: true },
];

const servers = new Map<string, TestServer>();

beforeAll(async () => {
  for (const service of services) {
    const server = new TestServer(net.createServer((socket) => serve(socket, service)));
    await server.listen();
    servers.set(service.speaks, server);
  }
});
afterAll(() => Promise.all([...servers.values()].map((server) => server.stop())));

function serve(socket: net.Socket, { first, words, closes }: Service): void {
  const answer = (): unknown => (closes ? socket.end(words) : socket.write(words));
  if (first) answer();
  else socket.once("data", answer);
  socket.resume();
}

/** What each service is called when a scheme reaches it. */
const codes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  mqtt: { HTTP: "MQTT_TO_HTTP", TLS: "PLAIN_TO_TLS" },
  ws: { HTTP: "WS_400", TLS: "WS_TO_TLS" },
  // Node keeps the bytes to itself, and says that they are no TLS.
  mqtts: {
    TLS: "TLS_VERSION",
    ...Object.fromEntries(services.filter(({ speaks }) => speaks !== "TLS").map(({ speaks }) => [speaks, "TLS_TO_HTTP"])),
  },
  wss: {
    TLS: "TLS_VERSION",
    ...Object.fromEntries(services.filter(({ speaks }) => speaks !== "TLS").map(({ speaks }) => [speaks, "WSS_TO_WS"])),
  },
};

for (const { name, attempt } of clientKinds) {
  describe.each(Object.keys(codes))(`${name}, %s to a port of`, (scheme) => {
    test.each(services)("$speaks", async ({ speaks }) => {
      const server = servers.get(speaks);
      const before = server?.taken ?? 0;
      const { isOnline, failures } = await attempt(
        `${scheme}://127.0.0.1:${server?.port}/mqtt`,
        { servername: "broker.example" },
        ATTEMPTS,
      );
      const code = codes[scheme]?.[speaks] ?? "WRONG_SERVICE";
      expect(isOnline).toBe(false);
      expect(failures.map((failure) => failure.code)).toEqual([code, code]);
      expect((server?.taken ?? 0) - before).toBe(ATTEMPTS);
      for (const { msToFail, error } of failures) {
        expect(msToFail).toBeLessThan(1000);
        if (code === "WRONG_SERVICE") expect(error.message).toContain(speaks);
      }
    });
  });
}
