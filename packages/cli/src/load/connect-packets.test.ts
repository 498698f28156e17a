import { decodePacket } from "@bowline/protocol/internal";
import { expect, test } from "vitest";
import { ConnectPackets } from "./connect-packets.ts";
import { type LoadServer, plainServer } from "./load-server.ts";

function names(server: LoadServer, number: number): (string | undefined)[] {
  const bytes = new ConnectPackets(server).of(number);
  const packet = decodePacket(bytes, 0, 2, bytes.length, 5);
  return packet.type === 1 ? [packet.clientIdentifier, packet.username] : [];
}

const plain = plainServer("127.0.0.1", 1883, 5, "user", "word");

test("each connection has its number wherever %i stands", () => {
  const server = { ...plain, connect: { ...plain.connect, clientIdentifier: "%i-of-%i", username: "name-%i" } };
  for (const number of [0, 7, 10, 99, 12_345]) expect(names(server, number)).toEqual([`${number}-of-${number}`, `name-${number}`]);
  expect(names({ ...server, firstNumber: 95 }, 7)).toEqual(["102-of-102", "name-102"]);
});

test("names without a number are everybody's, and user names take turns", () => {
  const server = { ...plain, connect: { ...plain.connect, clientIdentifier: "one" } };
  expect(names(server, 12)).toEqual(["one", "user"]);
  expect(names({ ...server, users: 5, connect: { ...server.connect, username: "u%i" } }, 12)).toEqual(["one", "u2"]);
});

test("one packet is not written into while another is made", () => {
  const packets = new ConnectPackets(plain);
  const first = Buffer.from(packets.of(1));
  packets.of(2);
  expect(packets.of(1)).toEqual(first);
});
