import { PacketType } from "@bowline/protocol";
import { BrokerWorld, connectOf } from "@bowline/testkit/broker";
import { describe, expect, test } from "vitest";
import { MemoryStorage } from "../storage/memory-storage.ts";
import type { AccessCase, AskedSource } from "./asked-source.ts";
import type { RuleInput } from "./rule.ts";
import { RuleAccess } from "./rule-access.ts";
import { RuleDirectory } from "./rule-directory.ts";

/** Answers when the test says so. */
class Desk implements AskedSource {
  readonly name = "webhook";
  readonly asked: string[] = [];
  reply: (question: AccessCase) => "allow" | "deny" | "ignore" = () => "allow";
  fails = false;
  private waiting: (() => void)[] = [];
  isOpen = true;

  async ask(question: AccessCase): Promise<"allow" | "deny" | "ignore"> {
    const { action, topic, qos, retain } = question;
    this.asked.push(`${action} ${topic} ${qos}${retain ? " retained" : ""}`);
    if (!this.isOpen) await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (this.fails) throw new Error("the webhook is away");
    return this.reply(question);
  }

  answerAll(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

async function setUp(desk: Desk, ...rules: RuleInput[]): Promise<{ world: BrokerWorld; rules: RuleDirectory }> {
  const directory = new RuleDirectory(new MemoryStorage());
  const authenticator = {
    authenticateNow: ({ username = "" }: { username: string | undefined }) => ({
      allowed: true as const,
      owner: username,
      access: username === "free" ? { isSuperuser: true } : { sources: [desk] },
    }),
    authenticate: () => Promise.reject(new Error("it is known at once")),
  };
  const world = await BrokerWorld.start({ authenticator, access: new RuleAccess(directory) });
  directory.onChange((tenant) => world.broker.accessChanged(tenant));
  await directory.addAll("default", rules);
  return { world, rules: directory };
}

/** The promises of an answer take some turns. */
async function soon(world: BrokerWorld): Promise<void> {
  for (let i = 0; i < 5; i++) await world.settle();
}

describe("a webhook", () => {
  test("is asked once for each topic and way; meanwhile that connection waits, and its order stays", async () => {
    const desk = new Desk();
    const { world } = await setUp(desk);
    const watcher = await world.client(5, { username: "free" });
    await watcher.subscribe("#", 2);
    const client = await world.client(5);
    desk.isOpen = false;
    desk.reply = ({ topic }) => (topic === "no" ? "deny" : "allow");
    client.publish("yes", "1", 1);
    client.publish("no", "2", 1);
    client.publish("yes", "3", 2);
    client.publish("yes", "4", 0);
    client.publish("yes", "5", 1);
    await soon(world);
    expect(await client.take()).toEqual([]);
    for (let i = 0; i < 5; i++) {
      desk.answerAll();
      await soon(world);
    }
    expect((await client.take()).map((packet) => "reasonCode" in packet && packet.reasonCode)).toEqual([0, 0x87, 0, 0]);
    expect(await watcher.takeTexts()).toEqual(["yes=1", "yes=3", "yes=4", "yes=5"]);
    expect(desk.asked).toEqual(["publish yes 1", "publish no 1", "publish yes 2", "publish yes 0"]);
  });

  test("is asked for each filter of a SUBSCRIBE, without its share", async () => {
    const desk = new Desk();
    const { world } = await setUp(desk);
    const client = await world.client(5);
    desk.reply = ({ topic }) => (topic === "a/#" ? "allow" : "deny");
    client.send({
      type: PacketType.SUBSCRIBE,
      packetIdentifier: 1,
      subscriptions: ["$share/g/a/#", "b"].map((topicFilter) => ({
        topicFilter,
        qos: 1 as const,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0 as const,
      })),
    });
    await soon(world);
    expect(await client.take()).toMatchObject([
      { reasonCodes: [1, 0x87], properties: { reasonString: "NOT_AUTHORIZED: webhook denies b" } },
    ]);
    expect(desk.asked).toEqual(["subscribe a/# 1", "subscribe b 1"]);
    const other = await world.client(5, { username: "free" });
    other.publish("a/x", "1");
    expect(await client.takeTexts()).toEqual(["a/x=1"]);
  });

  test("is asked about eight filters of one client at a time, so that others are not kept waiting", async () => {
    let [now, most] = [0, 0];
    const desk = new Desk();
    desk.ask = async () => {
      most = Math.max(most, ++now);
      await Promise.resolve();
      now--;
      return "allow";
    };
    const { world } = await setUp(desk);
    const client = await world.client(5);
    const options = { qos: 0 as const, noLocal: false, retainAsPublished: false, retainHandling: 0 as const };
    const subscriptions = Array.from({ length: 100 }, (_, i) => ({ topicFilter: `a/${i}`, ...options }));
    client.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 1, subscriptions });
    await soon(world);
    expect(await client.take()).toMatchObject([{ reasonCodes: subscriptions.map(() => 0) }]);
    expect(most).toBe(8);
  });

  test("leaves to the rules what it ignores, and rules that deny act on what it granted", async () => {
    const desk = new Desk();
    const { world } = await setUp(
      desk,
      { permission: "deny", action: "both", topics: ["a/secret"] },
      {
        permission: "allow",
        action: "both",
        topics: ["b"],
      },
    );
    desk.reply = ({ topic }) => (topic === "a/+" ? "allow" : "ignore");
    const client = await world.client(5);
    client.send({
      type: PacketType.SUBSCRIBE,
      packetIdentifier: 1,
      subscriptions: ["a/+", "b", "c"].map((topicFilter) => ({
        topicFilter,
        qos: 0 as const,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0 as const,
      })),
    });
    await soon(world);
    expect(await client.take()).toMatchObject([{ reasonCodes: [0, 0, 0x87] }]);
    const other = await world.client(5, { username: "free" });
    for (const topic of ["a/secret", "a/open", "b"]) other.publish(topic, "1");
    expect(await client.takeTexts()).toEqual(["a/open=1", "b=1"]);
  });

  test("that fails denies, is asked again when that is wanted, and a will waits for its answer", async () => {
    const desk = new Desk();
    const { world, rules } = await setUp(desk);
    desk.fails = true;
    const client = await world.client(5);
    client.publish("t", "1", 1);
    await soon(world);
    client.publish("t", "2", 1);
    await soon(world);
    const told = { reasonCode: 0x87, properties: { reasonString: "NOT_AUTHORIZED: webhook did not answer, which denies t" } };
    expect(await client.take()).toMatchObject([told, told]);
    expect(desk.asked).toEqual(["publish t 1"]);
    desk.fails = false;
    rules.askAgain("default");
    client.publish("t", "3", 1);
    await soon(world);
    expect(await client.take()).toMatchObject([{ reasonCode: 0 }]);
    desk.reply = ({ retain }) => (retain ? "deny" : "allow");
    const payload = new Uint8Array([1]);
    for (const [retain, reasonCode] of [
      [false, 0],
      [true, 0x87],
    ] as const) {
      const one = world.dial();
      expect(await one.connect({ clientIdentifier: "w", will: { topicName: "w", payload, qos: 0, retain } })).toMatchObject({
        reasonCode,
      });
    }
  });

  test("that allowed a will at CONNECT is not needed when it is due, and a rule that denies it stops it", async () => {
    const desk = new Desk();
    const { world, rules } = await setUp(desk);
    const watcher = await world.client(5, { username: "free" });
    await watcher.subscribe("#");
    const will = { topicName: "w", payload: new Uint8Array([0x78]), qos: 1, retain: false } as const;
    const one = await world.client(5, { will });
    rules.askAgain("default");
    await one.cut();
    expect(await watcher.takeTexts()).toEqual(["w=x"]);
    // The same of a client that is away, after a restart: what the webhook said is not known any more.
    const kept = { sessionExpiryInterval: 60 };
    const delayed = { ...will, properties: { willDelayInterval: 5 } };
    await (await world.client(5, { clientIdentifier: "away", properties: kept, will: delayed })).cut();
    await world.crash();
    const again = await world.client(5, { username: "free" });
    await again.subscribe("#");
    await world.clock.advance(6_000);
    expect(await again.takeTexts()).toEqual(["w=x"]);
    await (await world.client(5, { clientIdentifier: "away", properties: kept, will: delayed })).cut();
    await world.crash();
    await rules.add("default", { permission: "deny", action: "publish", topics: ["w"] });
    await world.clock.advance(6_000);
    expect(world.broker.counters.willsDropped).toBe(1);
  });

  test("whose client goes meanwhile leaves nothing behind", async () => {
    const desk = new Desk();
    const { world } = await setUp(desk);
    desk.isOpen = false;
    const client = await world.client(5);
    client.publish("t", "1", 1);
    await soon(world);
    await client.cut();
    const one = world.dial();
    one.send(connectOf(5, { clientIdentifier: "w", will: { topicName: "w", payload: new Uint8Array(0), qos: 0, retain: false } }));
    await soon(world);
    await one.cut();
    desk.answerAll();
    await soon(world);
    expect(world.broker.sessionCount).toBe(0);
  });
});
