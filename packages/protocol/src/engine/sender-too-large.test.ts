import { describe, expect, test } from "vitest";
import { decodePacket } from "../packet/decode.ts";
import { encodePacket, encodeToBytes } from "../packet/encode.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { Packet, Properties } from "../packet/packets.ts";
import { Sender, type SenderOwner } from "./sender.ts";

/* What explains a packet is left out where the packet would be larger than the peer takes: every packet that has it, either role. */

class Owner implements SenderOwner {
  readonly committed = Number.POSITIVE_INFINITY;
  readonly written: Uint8Array[] = [];
  write(bytes: Uint8Array): boolean {
    this.written.push(bytes.slice());
    return true;
  }
  schedule(): void {}
  awaitCommit(): void {}
  entryMoved(): number {
    return 0;
  }
  entryDone(): void {}
  wallTime(): number {
    return 0;
  }
}

const full: Properties = { reasonString: "why it is so", userProperties: [["name", "value"]] };
const withoutReason: Properties = { userProperties: [["name", "value"]] };

/** The packet that leaves for a peer that takes so many bytes; undefined for none. */
function sent(role: "client" | "server", packet: Packet, maximumPacketSize: number): Packet | undefined {
  const owner = new Owner();
  const sender = new Sender(owner);
  sender.version = 5;
  sender.maximumPacketSize = maximumPacketSize;
  if (role === "server") sender.encode = encodePacket;
  try {
    sender.packet(packet);
  } catch {
    return undefined;
  }
  sender.flush();
  const [bytes] = owner.written;
  return bytes === undefined ? undefined : decodePacket(bytes, 0, 2, bytes.length, 5);
}

const method = { authenticationMethod: "M" };
const fromBoth: readonly (readonly [title: string, packet: Packet])[] = [
  ["[MQTT-3.14.2-3] [MQTT-3.14.2-4] DISCONNECT", { type: PacketType.DISCONNECT, reasonCode: 0x97 }],
  ["[MQTT-3.15.2-2] [MQTT-3.15.2-3] AUTH", { type: PacketType.AUTH, reasonCode: 0x18, properties: method }],
];
/** A client's engine writes acknowledgements without properties, and not as packets. */
const fromServer: typeof fromBoth = [
  ["[MQTT-3.4.2-2] [MQTT-3.4.2-3] PUBACK", { type: PacketType.PUBACK, packetIdentifier: 1, reasonCode: 0x97 }],
  ["[MQTT-3.5.2-2] [MQTT-3.5.2-3] PUBREC", { type: PacketType.PUBREC, packetIdentifier: 1, reasonCode: 0x97 }],
  ["[MQTT-3.6.2-2] [MQTT-3.6.2-3] PUBREL", { type: PacketType.PUBREL, packetIdentifier: 1, reasonCode: 0x92 }],
  ["[MQTT-3.7.2-2] [MQTT-3.7.2-3] PUBCOMP", { type: PacketType.PUBCOMP, packetIdentifier: 1, reasonCode: 0x92 }],
  ["[MQTT-3.2.2-19] [MQTT-3.2.2-20] CONNACK", { type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0x87 }],
  ["[MQTT-3.9.2-1] [MQTT-3.9.2-2] SUBACK", { type: PacketType.SUBACK, packetIdentifier: 1, reasonCodes: [0x87] }],
  ["[MQTT-3.11.2-1] [MQTT-3.11.2-2] UNSUBACK", { type: PacketType.UNSUBACK, packetIdentifier: 1, reasonCodes: [0x87] }],
];

describe.each(["client", "server"] as const)("a packet of a %s that is too large for the peer", (role) => {
  test.each(role === "server" ? [...fromBoth, ...fromServer] : fromBoth)(
    "%s: without its Reason String, then without its User Properties, whole where it fits",
    (_title, packet) => {
      const own = (packet as { properties?: Properties }).properties;
      const forms = [full, withoutReason, {}].map((more) => ({ ...packet, properties: { ...own, ...more } }) as Packet);
      const sizes = forms.map((form) => encodeToBytes(form, 5).length);
      for (const [index, form] of forms.entries()) {
        const expected = decodePacket(encodeToBytes(form, 5), 0, 2, sizes[index]!, 5);
        expect(sent(role, forms[0]!, sizes[index]!), `${sizes[index]} bytes`).toEqual(expected);
        if (index > 0) expect(sent(role, forms[0]!, sizes[index - 1]! - 1)).toEqual(expected);
      }
    },
  );
});
