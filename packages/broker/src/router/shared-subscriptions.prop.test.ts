import { expect, test } from "vitest";
import { type Packet, PacketType, type PublishPacket, type QoS } from "@bowline/protocol";
import { BrokerWorld, connectOf, type TestClient } from "@bowline/testkit/broker";
import { seededRandom } from "@bowline/testkit/virtual";

/*
 * Members of one group, whose Sessions survive, come and go, answer what they got or leave before, and the broker crashes. At the
 * end everybody comes back and answers everything.
 *
 * Invariants: every message of QoS 1 was taken by somebody, every message of QoS 2 by exactly one member and exactly once; nobody
 * holds more unacknowledged than its Receive Maximum; nothing is left in storage.
 */

const RECEIVE_MAXIMUM = 4;
const SEEDS = 60;
const STEPS = 80;

class Member {
  readonly clientIdentifier: string;
  client: TestClient | undefined;
  /** QoS 2 identifiers that were answered by PUBREC and not released: the client's half of its Session. */
  private readonly unreleased = new Set<number>();
  private unanswered: Packet[] = [];
  private readonly taken: Map<string, number>;
  private readonly world: BrokerWorld;

  constructor(world: BrokerWorld, clientIdentifier: string, taken: Map<string, number>) {
    this.world = world;
    this.clientIdentifier = clientIdentifier;
    this.taken = taken;
  }

  async connect(): Promise<void> {
    if (this.client !== undefined) return;
    const client = this.world.dial();
    const properties = { sessionExpiryInterval: 0xffff_ffff, receiveMaximum: RECEIVE_MAXIMUM };
    client.send(connectOf(5, { clientIdentifier: this.clientIdentifier, cleanStart: false, properties }));
    await this.world.settle();
    const [connack, ...others] = client.packets.splice(0);
    client.packets.push(...others);
    if ((connack as { sessionPresent: boolean }).sessionPresent) this.client = client;
    else {
      await client.subscribe("$share/g/t", 2);
      this.client = client;
    }
  }

  async cut(): Promise<void> {
    this.receive(this.client?.packets.splice(0) ?? []);
    await this.client?.cut();
    this.gone();
  }

  gone(): void {
    this.receive(this.client?.packets.splice(0) ?? []);
    this.client = undefined;
    this.unanswered = [];
  }

  /** Reads what came, and answers so many packets in order. */
  async answer(count: number): Promise<number> {
    const { client } = this;
    if (client === undefined) return 0;
    this.receive(await client.take());
    const publishes = this.unanswered.filter(({ type }) => type === PacketType.PUBLISH);
    expect(publishes.length).toBeLessThanOrEqual(RECEIVE_MAXIMUM);
    const answered = this.unanswered.splice(0, count);
    for (const packet of answered) this.answerOne(client, packet);
    await this.world.settle();
    return answered.length;
  }

  /** What has come is taken over, answered or not. */
  private receive(packets: readonly Packet[]): void {
    for (const packet of packets.filter(isForMember)) {
      this.unanswered.push(packet);
      if (packet.type !== PacketType.PUBLISH) continue;
      const { qos, packetIdentifier, payload } = packet;
      const isRepeated = qos === 2 && this.unreleased.has(packetIdentifier!);
      if (qos === 2) this.unreleased.add(packetIdentifier!);
      const text = Buffer.from(payload).toString();
      if (!isRepeated) this.taken.set(text, (this.taken.get(text) ?? 0) + 1);
    }
  }

  private answerOne(client: TestClient, packet: Packet): void {
    if (packet.type === PacketType.PUBREL) {
      this.unreleased.delete(packet.packetIdentifier);
      client.acknowledge("PUBCOMP", packet.packetIdentifier);
      return;
    }
    const { qos, packetIdentifier } = packet as PublishPacket;
    client.acknowledge(qos === 1 ? "PUBACK" : "PUBREC", packetIdentifier!);
  }
}

function isForMember({ type }: Packet): boolean {
  return type === PacketType.PUBLISH || type === PacketType.PUBREL;
}

async function run(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const upTo = (limit: number): number => Math.floor(random() * limit);
  const world = await BrokerWorld.start();
  const taken = new Map<string, number>();
  const members = ["a", "b", "c"].map((name) => new Member(world, name, taken));
  for (const member of members) await member.connect();
  const published = new Map<string, QoS>();
  let publisher = await world.client();
  for (let step = 0; step < STEPS; step++) {
    const member = members[upTo(members.length)]!;
    const dice = random();
    if (dice < 0.4) {
      const text = String(published.size);
      const qos = (1 + upTo(2)) as QoS;
      const packetIdentifier = publisher.publish("t", text, qos, { packetIdentifier: published.size + 1 });
      published.set(text, qos);
      await publisher.take();
      if (qos === 2) publisher.acknowledge("PUBREL", packetIdentifier);
      await publisher.take();
    } else if (dice < 0.75) await member.answer(1 + upTo(3));
    else if (dice < 0.87) await member.cut();
    else if (dice < 0.98) await member.connect();
    else {
      await world.crash();
      for (const each of members) each.gone();
      publisher = await world.client();
    }
  }
  for (const member of members) await member.connect();
  for (let busy = true; busy; ) {
    busy = false;
    for (const member of members) busy = (await member.answer(100)) > 0 || busy;
  }
  for (const [text, qos] of published) {
    const times = taken.get(text) ?? 0;
    if (qos === 2) expect(times, `QoS 2 message ${text}`).toBe(1);
    else expect(times, `QoS 1 message ${text}`).toBeGreaterThan(0);
  }
  expect(world.store.rows.messages.size).toBe(0);
}

test("[MQTT-4.8.2-4] [MQTT-4.8.2-5] a group loses no message and doubles none of QoS 2, whoever comes and goes", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      await run(seed);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
});
