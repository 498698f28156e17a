import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { connect } from "@bowline/client";
import { BrokerWorld } from "@bowline/testkit/broker";
import { seededRandom, type VirtualPipe } from "@bowline/testkit/virtual";

type Qos = 1 | 2;
type Trouble = "none" | "crash" | "disk";
type Direction = "fromClient" | "fromServer";

/** QoS 1 may come twice, QoS 2 may not; either comes in order. */
function settled(texts: readonly string[], qos: Qos): readonly string[] {
  return qos === 2 ? texts : [...new Set(texts)];
}

function openClient(world: BrokerWorld, clientId: string, protocolVersion: 4 | 5, random: () => number) {
  const client = connect("mqtt://broker", {
    protocolVersion,
    transport: world.network.dialer(),
    clock: world.clock,
    random,
    session: { clientId, expiryInterval: 1_000_000 },
    reconnect: { delay: () => random() * 20, maximumTakeovers: 0 },
  });
  // Attempts that are cut before the CONNACK are meant here.
  client.on("attemptFailed", () => undefined);
  return client;
}

/** Publishes between two clients whose links are cut at random bytes, while the broker crashes and commits when it likes. */
async function talk(seed: number, qos: Qos, version: 4 | 5, trouble: Trouble) {
  const random = seededRandom(seed);
  const world = await BrokerWorld.start({ seed });
  world.network.linkOptions.chunking = "random";
  const names = ["left", "right"] as const;
  const clients = names.map((name) => openClient(world, name, version, random));
  const received: string[][] = [[], []];
  for (const [i, client] of clients.entries()) {
    const subscription = client.subscribe(names[1 - i]!, { qos }, (message) => void received[i]!.push(message.text()));
    await world.clock.advance(200);
    await subscription.ready;
  }
  const texts = Array.from({ length: 60 }, (_, i) => String(i));
  const publications: PromiseLike<unknown>[] = [];
  for (const text of texts) {
    for (const [i, client] of clients.entries()) publications.push(client.publish(names[i]!, text, { qos }));
    world.store.holdsCommits = random() < 0.5;
    if (random() < 0.3) world.store.commit();
    const { links } = world.network;
    const link = links[Math.floor(random() * links.length)];
    if (link !== undefined && random() < 0.4) cutSoon(random() < 0.5 ? link.fromClient : link.fromServer, random);
    if (trouble === "crash" && random() < 0.05) await world.crash();
    if (trouble === "disk" && random() < 0.1) world.store.become(random() < 0.5 ? "full" : "limit");
    else if (trouble === "disk" && random() < 0.3) world.store.become("ok");
    await world.clock.advance(random() * 15);
  }
  world.store.holdsCommits = false;
  world.store.become("ok");
  for (let i = 0; i < 60; i++) await world.clock.advance(50);
  const outcomes = await Promise.allSettled(publications);
  const states = [...world.broker.connections()].map((connection) => connection.session!.state);
  const left = states.map((state) => state.inFlight.count + state.queue.length + state.inbound.size);
  const storedMessages = world.store.rows.messages.size;
  for (const client of clients) void client.abort();
  // A publication is refused only while the disk takes nothing; whatever was acknowledged arrives.
  const sent = clients.map((_client, i) => texts.filter((_text, at) => outcomes[2 * at + i]!.status === "fulfilled"));
  return { received: received.map((list) => settled(list, qos)).toReversed(), left, storedMessages, texts, sent };
}

function cutSoon(pipe: VirtualPipe, random: () => number): void {
  pipe.cutAfter(pipe.deliveredBytes + 1 + Math.floor(random() * 120), random() < 0.5 ? "reset" : "end");
}

describe.each([4, 5] as const)("version %i", (version) => {
  describe.each([1, 2] as const)("QoS %i", (qos) => {
    test.each([
      ["links cut at random bytes: nothing lost, in order, and nothing left over", "none"],
      ["and a broker that crashes: the same", "crash"],
      ["and a disk that fills: nothing lost that was acknowledged, and nothing left over", "disk"],
    ] as const)("%s", async (_name, trouble) => {
      // What fails prints its seed, and `fc.assert(..., { seed, path })` runs it again.
      await fc.assert(
        fc.asyncProperty(fc.nat(), async (seed) => {
          const { received, left, storedMessages, texts, sent } = await talk(seed, qos, version, trouble);
          if (trouble === "disk") for (const i of [0, 1]) expectKept(received[i]!, sent[i]!, qos);
          else expect(received).toEqual([texts, texts]);
          expect({ left, storedMessages }).toEqual({ left: [0, 0], storedMessages: 0 });
        }),
        { numRuns: 8 },
      );
    });

    test("from the client, cut at every byte of either direction", async () => {
      const exchange = (cut: Cut | undefined) => oneExchange(version, cut, "up", qos);
      await atEveryByte(exchange, qos);
    }, 60_000);

    test("to the client, cut at every byte of either direction", async () => {
      const exchange = (cut: Cut | undefined) => oneExchange(version, cut, "down", qos);
      await atEveryByte(exchange, qos);
    }, 60_000);
  });
});

/**
 * A refusal that is lost with its link gives a message a second chance: it may then come after later ones, and with QoS 1 one
 * that was accepted the first time may be refused the second.
 */
function expectKept(received: readonly string[], sent: readonly string[], qos: Qos): void {
  const inOrder = [...received].sort((a, b) => Number(a) - Number(b));
  expect(qos === 2 ? inOrder : inOrder.filter((text) => sent.includes(text))).toEqual(sent);
}

interface Cut {
  direction: Direction;
  /** After so many bytes of the exchange. */
  bytes: number;
}

interface Exchange {
  received: string[];
  bytes: Record<Direction, number>;
}

async function atEveryByte(exchange: (cut: Cut | undefined) => Promise<Exchange>, qos: Qos): Promise<void> {
  const whole = await exchange(undefined);
  expect(whole.received).toEqual(["1", "2"]);
  for (const direction of ["fromClient", "fromServer"] as const) {
    expect(whole.bytes[direction]).toBeGreaterThanOrEqual(4);
    for (let bytes = 0; bytes <= whole.bytes[direction]; bytes++) {
      const { received } = await exchange({ direction, bytes });
      expect(settled(received, qos), `${direction}, cut after ${bytes} bytes`).toEqual(["1", "2"]);
    }
  }
}

/** One message, cut somewhere, and a second one to see that the identifier is free. */
async function oneExchange(version: 4 | 5, cut: Cut | undefined, way: "up" | "down", qos: Qos): Promise<Exchange> {
  const world = await BrokerWorld.start();
  const random = seededRandom(1);
  const client = openClient(world, "client", version, random);
  const received: string[] = [];
  const subscription = client.subscribe("down", { qos }, (message) => void received.push(message.text()));
  await world.clock.advance(100);
  await subscription.ready;
  const watcher = await world.client(5);
  await watcher.subscribe("up", 0);
  const link = world.network.links[0]!;
  const before = { fromClient: link.fromClient.deliveredBytes, fromServer: link.fromServer.deliveredBytes };
  if (cut !== undefined) link[cut.direction].cutAfter(before[cut.direction] + cut.bytes, "reset");
  const publish = async (text: string): Promise<unknown> =>
    way === "up" ? client.publish("up", text, { qos }) : world.broker.publish("down", Buffer.from(text), { qos });
  const first = publish("1");
  await world.clock.advance(100);
  const bytes = {
    fromClient: link.fromClient.deliveredBytes - before.fromClient,
    fromServer: link.fromServer.deliveredBytes - before.fromServer,
  };
  const second = publish("2");
  await world.clock.advance(100);
  await Promise.all([first, second]);
  const up = (await watcher.takeTexts()).map((text) => text.slice(3));
  void client.abort();
  return { received: way === "up" ? up : received, bytes };
}
