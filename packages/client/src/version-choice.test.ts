import { describe, expect, test } from "vitest";
import { type Packet, PacketType } from "@bowline/protocol";
import { stage } from "./testing/client-on-script.ts";
import type { Link } from "./testing/scripted-server.ts";

const { CONNECT } = PacketType;
const isConnect5 = (packet: Packet): boolean => packet.type === CONNECT && packet.protocolVersion === 5;

/** Servers that do not know MQTT 5.0, by what they do with its CONNECT. */
const oldServers: Readonly<Record<string, (link: Link) => void>> = {
  "[v3 MQTT-3.1.2-2] with return code 1": (link) => link.sendBytes(Uint8Array.of(0x20, 2, 0, 1)),
  "[MQTT-3.1.2-2] with Reason Code 0x84": (link) => link.sendBytes(Uint8Array.of(0x20, 3, 0, 0x84, 0)),
};

describe("a server that answers a CONNECT of 5.0", () => {
  test.each(Object.entries(oldServers))("%s is spoken to in 3.1.1, at once and from then on", async (_name, refuse) => {
    const { client, server, failures, clock } = await stage({}, (it) => {
      it.script = (packet, link) => {
        if (!isConnect5(packet)) return false;
        refuse(link);
        return true;
      };
    });
    await clock.advance(1);
    expect(failures.map(({ code, retryInMs }) => [code, retryInMs])).toEqual([["PROTO_VERSION", 0]]);
    expect(client.status.state).toBe("online");
    server.link.cut();
    await clock.advance(5000);
    expect(server.connects.map(({ protocolVersion }) => protocolVersion)).toEqual([5, 4, 4]);
  });

  test("by closing is tried in 3.1.1 after the second time, and what it took is kept", async () => {
    const { client, server, failures, clock } = await stage({}, (it) => {
      it.script = (packet, link) => {
        if (!isConnect5(packet)) return false;
        link.cut();
        return true;
      };
    });
    await clock.advance(10_000);
    expect(failures.map(({ code }) => code)).toEqual(["CONNACK_NONE", "CONNACK_NONE"]);
    expect(client.status.state).toBe("online");
    server.link.cut();
    await clock.advance(60_000);
    expect(server.connects.map(({ protocolVersion }) => protocolVersion)).toEqual([5, 5, 4, 4]);
  });

  test("by closing every version is asked in turn", async () => {
    const { server, clock } = await stage({ protocolVersion: [5, 4, 3] }, (it) => {
      it.script = (_packet, link) => {
        link.cut();
        return true;
      };
    });
    await clock.advance(400_000);
    expect(server.connects.slice(0, 8).map(({ protocolVersion }) => protocolVersion)).toEqual([5, 5, 4, 4, 3, 3, 5, 5]);
  });

  test("once is never doubted again, however often it closes", async () => {
    const { server, clock } = await stage();
    server.script = (_packet, link) => {
      link.cut();
      return true;
    };
    server.link.cut();
    await clock.advance(400_000);
    expect(new Set(server.connects.map(({ protocolVersion }) => protocolVersion))).toEqual(new Set([5]));
  });

  test("in the middle of its CONNACK speaks it, and the client goes on after three cuts there", async () => {
    let cuts = 0;
    const { client, server, failures, clock } = await stage({}, (it) => {
      it.script = (packet, link) => {
        if (packet.type !== CONNECT || ++cuts > 4) return false;
        link.sendBytes(Uint8Array.of(0x20, 3, 0));
        link.cut();
        return true;
      };
    });
    await clock.advance(60_000);
    expect(failures.map(({ code }) => code)).toEqual(Array.from({ length: 4 }, () => "CONNACK_NONE"));
    expect(client.status.state).toBe("online");
    expect(server.connects.at(-1)?.protocolVersion).toBe(5);
  });
});

test("another version is not taken where it was not allowed, or where the CONNECT cannot be said in it", async () => {
  for (const options of [{ protocolVersion: 5 }, { protocolVersion: [5] }, { credentials: { password: "token" } }] as const) {
    const { client, server, failures, clock } = await stage(options, (it) => {
      it.script = (packet, link) => {
        if (isConnect5(packet)) link.sendBytes(Uint8Array.of(0x20, 2, 0, 1));
        return isConnect5(packet);
      };
    });
    await clock.advance(100_000);
    expect(client.status.state).toBe("failed");
    expect(failures.map(({ code }) => code)).toEqual(["PROTO_VERSION"]);
    expect(server.connects).toHaveLength(1);
  }
});
