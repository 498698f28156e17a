import { MqttError } from "../errors/mqtt-error.ts";
import { protocolError } from "../packet/packet-fault.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { AuthPacket, Properties } from "../packet/packets.ts";

/** Whose step is next; nobody's while no exchange is under way. */
export type Turn = "nobody" | "ours" | "theirs";

/**
 * The enhanced authentication on one Network Connection, seen from one side (section 4.12): the one method that CONNECT named,
 * and whose turn it is. Each side may send AUTH only in answer to the other, and none at all without a method.
 */
export class AuthenticationExchange {
  turn: Turn = "nobody";
  /** Undefined: the CONNECT named no method, and no AUTH may be sent by anybody. */
  readonly method: string | undefined;

  private readonly peer: "client" | "server";

  constructor(method: string | undefined, peer: "client" | "server") {
    this.method = method;
    this.peer = peer;
  }

  /**
   * Takes an AUTH of the peer: it is our turn now.
   *
   * @param expected The turn in which an AUTH with this Reason Code may come; undefined when the peer may never send it.
   * @throws PROTOCOL_ERROR (0x82).
   */
  receive(packet: AuthPacket, expected: Turn | undefined): void {
    if (this.method === undefined) {
      const clause = this.peer === "client" ? "MQTT-4.12.0-7" : "MQTT-4.12.0-6";
      throw protocolError("AUTH without an Authentication Method in CONNECT", clause);
    }
    if (packet.properties?.authenticationMethod !== this.method) {
      throw protocolError("AUTH with another Authentication Method than CONNECT", "MQTT-4.12.0-5");
    }
    if (this.turn !== expected) throw protocolError(`AUTH with Reason Code ${packet.reasonCode} is not expected now`);
    this.turn = "ours";
  }

  /**
   * The AUTH that says our step; then it is the peer's turn.
   *
   * @throws AUTH_METHOD without a method: neither side may send AUTH then ([MQTT-4.12.0-6] [MQTT-4.12.0-7]).
   */
  packet(reasonCode: number, properties: Properties | undefined): AuthPacket {
    const { method: authenticationMethod } = this;
    if (authenticationMethod === undefined) throw new MqttError("AUTH_METHOD", { detail: "the CONNECT named none" });
    this.turn = "theirs";
    return { type: PacketType.AUTH, reasonCode, properties: { ...properties, authenticationMethod } };
  }
}
