import { ClientHarness } from "@bowline/testkit/engine";
import { describe, expect, test } from "vitest";
import { MqttError } from "../errors/mqtt-error.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { AuthPacket, ConnackPacket, Packet, Properties } from "../packet/packets.ts";
import { ReasonCode } from "../packet/reason-codes.ts";

const METHOD = "SCRAM-SHA-256";
const data = Uint8Array.of(1, 2);
const auth = (reasonCode: number, properties: Properties = { authenticationMethod: METHOD }): AuthPacket => ({
  type: PacketType.AUTH,
  reasonCode,
  properties,
});
const connack = (properties?: Properties): ConnackPacket => ({
  type: PacketType.CONNACK,
  sessionPresent: false,
  reasonCode: 0,
  ...(properties && { properties }),
});
const NAMED = connack({ authenticationMethod: METHOD });

/** A client that named the method, its CONNECT taken away. */
function connecting(): ClientHarness {
  const harness = new ClientHarness(5, { properties: { authenticationMethod: METHOD, authenticationData: data } });
  harness.take();
  return harness;
}
const open = (): ClientHarness => connecting().open({ properties: { authenticationMethod: METHOD } });
const names = (harness: ClientHarness): string[] => harness.calls.map(([name]) => name);
function codeOf(act: () => void): string {
  try {
    act();
  } catch (error) {
    return MqttError.is(error) ? error.code : "no MqttError";
  }
  return "nothing thrown";
}

describe("before the CONNACK", () => {
  test("[MQTT-4.12.0-3] [MQTT-4.12.0-5] a challenge is answered by AUTH 0x18 with the method, then the CONNACK ends it", () => {
    const harness = connecting();
    harness.receive(auth(0x18));
    expect(harness.calls).toEqual([["auth", 0x18]]);
    harness.connection.authenticate({ authenticationData: data });
    expect(harness.take()).toEqual([
      { type: PacketType.AUTH, reasonCode: 0x18, properties: { authenticationData: data, authenticationMethod: METHOD } },
    ]);
    harness.receive(NAMED);
    expect(names(harness)).toEqual(["auth", "accepted"]);
  });

  test("[MQTT-3.1.2-30] nothing but the answer leaves before the CONNACK", () => {
    const harness = connecting();
    harness.receive(auth(0x18));
    expect(harness.take()).toEqual([]);
    expect(harness.connection.isOpen).toBe(false);
  });

  test("the answer may be given from inside the call, and through several steps", () => {
    const harness = connecting();
    harness.onAuth = () => harness.connection.authenticate();
    harness.receive(auth(0x18), auth(0x18), NAMED);
    expect(harness.take()).toMatchObject([{ type: PacketType.AUTH }, { type: PacketType.AUTH }]);
    expect(names(harness)).toEqual(["auth", "auth", "accepted"]);
  });

  test("[MQTT-4.12.0-5] [MQTT-4.12.0-6] a CONNACK that names another method than ours is a fault of the server", () => {
    for (const [harness, packet] of [
      [connecting(), connack()],
      [connecting(), connack({ authenticationMethod: "PLAIN" })],
      [new ClientHarness(), NAMED],
    ] as const) {
      harness.take();
      harness.receive(packet);
      expect(harness.end).toMatchObject({ code: "PROTOCOL_ERROR" });
      expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: ReasonCode.ProtocolError }]);
    }
  });

  test.each<[string, Packet[]]>([
    ["[MQTT-4.12.0-5] another method", [auth(0x18, { authenticationMethod: "PLAIN" })]],
    ["no method", [auth(0x18, {})]],
    ["success, which only CONNACK says", [auth(0)]],
    ["0x19, which only a client says", [auth(0x19)]],
    ["two steps at once", [auth(0x18), auth(0x18)]],
  ])("AUTH with %s ends it", (_case, packets) => {
    const harness = connecting().receive(...packets);
    expect(harness.end).toMatchObject({ code: "PROTOCOL_ERROR" });
  });

  test("[MQTT-4.12.0-6] AUTH from a server to a client that named no method ends it", () => {
    const harness = new ClientHarness().receive(auth(0x18));
    expect(harness.end).toMatchObject({ clause: "MQTT-4.12.0-6" });
  });

  test("a refusal in the midst of it ends it as any other", () => {
    const harness = connecting().receive(auth(0x18), { type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0x87 });
    expect(harness.end).toMatchObject({ type: PacketType.CONNACK, reasonCode: 0x87 });
    expect(codeOf(() => harness.connection.authenticate())).toBe("nothing thrown");
  });

  test("the time limit from CONNECT to CONNACK spans the exchange", () => {
    const harness = connecting();
    harness.now = 9_000;
    harness.receive(auth(0x18));
    harness.connection.authenticate();
    expect(harness.connection.deadline).toBe(10_000);
    harness.connection.tick(10_000, true);
    expect(harness.end).toMatchObject({ code: "SILENT" });
  });

  test("[MQTT-4.12.0-7] an answer to nothing is refused to the caller, with and without a method", () => {
    expect(codeOf(() => connecting().connection.authenticate())).toBe("AUTH_METHOD");
    expect(codeOf(() => new ClientHarness().connection.authenticate())).toBe("AUTH_METHOD");
  });
});

describe("re-authentication (section 4.12.1)", () => {
  test("[MQTT-4.12.1-1] begins with AUTH 0x19 and the method, goes on with 0x18 and ends with the server's 0x00", () => {
    const harness = open();
    harness.connection.reauthenticate({ authenticationData: data });
    expect(harness.take()).toEqual([
      { type: PacketType.AUTH, reasonCode: 0x19, properties: { authenticationData: data, authenticationMethod: METHOD } },
    ]);
    harness.receive(auth(0x18));
    harness.connection.authenticate();
    expect(harness.take()).toMatchObject([{ type: PacketType.AUTH, reasonCode: 0x18 }]);
    harness.receive(auth(0));
    expect(harness.calls).toEqual([
      ["auth", 0x18],
      ["auth", 0],
    ]);
    expect(codeOf(() => harness.connection.reauthenticate())).toBe("nothing thrown");
  });

  test("only when open, once at a time, and with a method ([MQTT-4.12.0-7])", () => {
    expect(codeOf(() => connecting().connection.reauthenticate())).toBe("NOT_CONNECTED");
    expect(codeOf(() => new ClientHarness().open().connection.reauthenticate())).toBe("AUTH_METHOD");
    const harness = open();
    harness.connection.reauthenticate();
    expect(codeOf(() => harness.connection.reauthenticate())).toBe("AUTH_METHOD");
  });

  test.each<[string, Packet]>([
    ["success of nothing", auth(0)],
    ["a challenge to nothing", auth(0x18)],
    ["0x19, which only a client says", auth(0x19)],
  ])("%s ends the connection with 0x82", (_case, packet) => {
    const harness = open().receive(packet);
    expect(harness.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: ReasonCode.ProtocolError }]);
  });

  test("[MQTT-4.12.1-2] the server's DISCONNECT is told with its code", () => {
    const harness = open();
    harness.connection.reauthenticate();
    harness.receive({ type: PacketType.DISCONNECT, reasonCode: 0x87 });
    expect(harness.end).toMatchObject({ type: PacketType.DISCONNECT, reasonCode: 0x87 });
  });

  test("an AUTH that the server would not take is refused, and may be tried again", () => {
    const harness = connecting().open({ properties: { authenticationMethod: METHOD, maximumPacketSize: 60 } });
    expect(codeOf(() => harness.connection.reauthenticate({ authenticationData: new Uint8Array(100) }))).toBe("PACKET_TOO_LARGE");
    expect(codeOf(() => harness.connection.reauthenticate())).toBe("nothing thrown");
    expect(harness.take()).toMatchObject([{ type: PacketType.AUTH, reasonCode: 0x19 }]);
  });
});
