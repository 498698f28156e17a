import { encodeToBytes, type Packet } from "@bowline/protocol";
import { SessionState } from "@bowline/protocol/internal";
import { Calm } from "./calm.ts";
import { FuzzedServer } from "./server-engine.ts";

/**
 * An innocent connection in the same process: whatever its neighbours suffered, its QoS 1 and QoS 2 messages and its pings are
 * answered. The engines share scratch objects, and this is what would show one that was left dirty.
 */
export class Neighbour {
  private readonly server: FuzzedServer = new FuzzedServer(new Calm(), new SessionState(), 1_000);

  constructor() {
    this.send({ type: 1, protocolVersion: 5, cleanStart: true, keepAlive: 0, clientIdentifier: "neighbour", properties: {} });
    this.answered(2);
  }

  check(): void {
    const common = { type: 3, topicName: "a/b", payload: new Uint8Array(3), retain: false, dup: false } as const;
    this.send({ ...common, qos: 1, packetIdentifier: 1 });
    this.answered(4);
    this.send({ ...common, qos: 2, packetIdentifier: 2 });
    this.answered(5);
    this.send({ type: 6, packetIdentifier: 2, reasonCode: 0 });
    this.answered(7);
    this.send({ type: 12 });
    this.answered(13);
  }

  private send(packet: Packet): void {
    this.server.receive(encodeToBytes(packet, 5));
  }

  private answered(type: number): void {
    const { packets } = this.server.view;
    const got = packets.pop()?.type;
    if (got !== type || packets.length > 0) throw new Error(`the neighbour got packet type ${got} where ${type} was due`);
  }
}
