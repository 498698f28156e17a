import type { TracedPacket } from "@bowline/broker/internal";
import { expect, test } from "vitest";
import { traceLine } from "./trace-line.ts";

const BASE: TracedPacket = {
  kind: "packet",
  at: 0,
  connection: 1,
  clientIdentifier: "dash-1",
  remoteAddress: "127.0.0.1",
  direction: "in",
  type: "PINGREQ",
  bytes: 2,
  summary: "",
  fields: {},
};

const line = (packet: Partial<TracedPacket>): string | undefined =>
  traceLine({ ...BASE, ...packet })?.slice("00:00:00.000 ".length);

test("a packet is a line that a person can read", () => {
  expect(traceLine(BASE)).toBe("00:00:00.000 dash-1 > PINGREQ");
  expect(line({ type: "CONNACK", direction: "out", summary: "0x00" })).toBe("dash-1 < CONNACK 0x00");
  expect(line({ type: "PUBLISH", summary: "a/b QoS 1 id 7", payload: { bytes: 2, text: "hi" } })).toBe(
    'dash-1 > PUBLISH a/b QoS 1 id 7 2 bytes "hi"',
  );
  expect(line({ type: "PUBLISH", summary: "a QoS 0", payload: { bytes: 9, base64: "/wAB", isCut: true } })).toBe(
    "dash-1 > PUBLISH a QoS 0 9 bytes ff0001...",
  );
  expect(line({ type: "DISCONNECT", summary: "0x00", fields: { properties: { reasonString: "bye" } } })).toBe(
    'dash-1 > DISCONNECT 0x00 {"reasonString":"bye"}',
  );
});

test("what a peer chose does not move the cursor, and what cannot be read says so", () => {
  expect(line({ clientIdentifier: "a\u001b[2J\u202e" })).toBe("a\\u{1b}[2J\\u{202e} > PINGREQ");
  expect(line({ clientIdentifier: "", fault: "too long to be shown", type: "CONNECT", bytes: 20_000 })).toBe(
    "[127.0.0.1] > CONNECT 20000 bytes: too long to be shown",
  );
  expect(traceLine({ kind: "dropped", packets: 7 })).toBe("... 7 packets are missing here ...");
  expect(traceLine({ kind: "closed", at: 0, connection: 1, clientIdentifier: "c", remoteAddress: "", reason: "DISCONNECT" })).toBe(
    "00:00:00.000 c x DISCONNECT",
  );
});
