import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { connect } from "@bowline/client";
import mqtt from "@bowline/mqttjs";
import { afterEach, describe, expect, test } from "vitest";

/* row 42, paho.c #985, #986, nanomq #2145: what a broker may send a client that is wrong. */

const servers = new Set<Server>();
afterEach(() => {
  for (const server of servers) server.close();
  servers.clear();
});

const CONNACK = "2003000000";
const answers: readonly (readonly [string, string])[] = [
  ["CONNACK with properties beyond its end", "200400007f21"],
  ["CONNACK with a property length of five bytes", "200700008080808001"],
  ["CONNACK with an unknown property", "20050000027a00"],
  ["CONNACK cut off", "2003"],
  ["CONNACK of 256 MB", "20ffffff7f0000"],
  ["a Remaining Length of five bytes", "208080808001"],
  ["a second CONNACK", CONNACK + CONNACK],
  ["a CONNECT", "100d00044d51545405020000000000"],
  ["a PUBLISH before the CONNACK", "300400017400"],
  ["PUBLISH cut inside its properties", `${CONNACK}300500 01 74 7f26`.replaceAll(" ", "")],
  ["PUBLISH with QoS 3", `${CONNACK}360600017400 0100`.replaceAll(" ", "")],
  ["PUBLISH without topic and alias", `${CONNACK}3003000000`],
  ["PUBLISH by a topic that is no UTF-8", `${CONNACK}30050002c08000`],
  ["PUBACK for what was never sent", `${CONNACK}40020063`],
  ["SUBACK that nobody asked for", `${CONNACK}900400630000`],
  ["a flood of PINGRESP", CONNACK + "d000".repeat(10_000)],
  ["HTTP", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n").toString("hex")],
  ["zeroes", "00".repeat(1_000)],
];

/** Answers each connection's first bytes with these, whole or byte by byte, and then reads on. */
async function serve(hex: string, isCut: boolean): Promise<number> {
  const bytes = Buffer.from(hex, "hex");
  const server = createServer((socket) => {
    socket.setNoDelay(true).on("error", () => undefined);
    socket.once("data", () => {
      if (!isCut) socket.write(bytes);
      else for (const byte of bytes) socket.write(Buffer.of(byte));
      // What is cut off stays so: a client that waits for the rest would wait for ever.
      setTimeout(() => socket.end(), 50);
    });
  });
  servers.add(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

describe.each([false, true])("byte by byte: %s", (isCut) => {
  test.each(answers)("%s ends the attempt with a failure that is told, and nothing else", async (_what, hex) => {
    const port = await serve(hex, isCut);
    const codes: string[] = [];
    const client = connect(`mqtt://127.0.0.1:${port}`, { reconnect: false });
    for (const event of ["attemptFailed", "connectionLost"] as const) client.on(event, ({ code }) => codes.push(code));
    await new Promise<void>((resolve) =>
      client.on("status", ({ state }) => (state === "failed" || state === "closed") && resolve()),
    );
    expect(codes.length).toBeGreaterThan(0);
    expect(codes).not.toContain("INTERNAL");
    await client.abort();

    const dropIn = mqtt.connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, reconnectPeriod: 0 });
    const errors: Error[] = [];
    dropIn.on("error", (error) => errors.push(error));
    await new Promise((resolve) => dropIn.once("close", () => resolve(undefined)));
    expect(errors.filter(({ message }) => message.includes("INTERNAL"))).toEqual([]);
    await dropIn.endAsync(true);
  });
});
