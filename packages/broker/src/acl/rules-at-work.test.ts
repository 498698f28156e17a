import { PacketType, type ConnectPacket } from "@bowline/protocol";
import { BrokerWorld, connectOf, type TestClient } from "@bowline/testkit/broker";
import { describe, expect, test } from "vitest";
import type { Authenticator, GrantedAccess } from "../auth/authenticator.ts";
import { MemoryStorage } from "../storage/memory-storage.ts";
import { claimedRules } from "./claims.ts";
import type { RuleInput } from "./rule.ts";
import { RuleAccess } from "./rule-access.ts";
import { RuleDirectory } from "./rule-directory.ts";

/** A broker whose clients are who they say, with rules that a test changes. */
class RuledWorld {
  readonly world: BrokerWorld;
  readonly rules: RuleDirectory;
  /** By user name. */
  readonly granted: Map<string, GrantedAccess>;

  private constructor(world: BrokerWorld, rules: RuleDirectory, granted: Map<string, GrantedAccess>) {
    this.world = world;
    this.rules = rules;
    this.granted = granted;
    // The broker of a world is another one after a crash.
    rules.onChange((tenant) => this.world.broker.accessChanged(tenant));
  }

  static async start(...rules: RuleInput[]): Promise<RuledWorld> {
    const directory = new RuleDirectory(new MemoryStorage());
    const granted = new Map<string, GrantedAccess>();
    const authenticator: Authenticator = {
      authenticateNow: ({ username = "" }) => {
        const access = granted.get(username);
        return { allowed: true, owner: username, ...(access === undefined ? {} : { access }) };
      },
      authenticate: () => Promise.reject(new Error("it is known at once")),
    };
    const world = await BrokerWorld.start({ authenticator, access: new RuleAccess(directory) });
    await directory.addAll("default", rules);
    return new RuledWorld(world, directory, granted);
  }

  client(username: string, version: 3 | 4 | 5 = 5, changes: Partial<ConnectPacket> = {}): Promise<TestClient> {
    return this.world.client(version, { username, clientIdentifier: `${username}-1`, ...changes });
  }

  /** Comes back to its Session; what waited there has arrived. */
  back(username: string): TestClient {
    const client = this.world.dial();
    client.send(connectOf(5, { username, clientIdentifier: `${username}-1`, ...KEPT }));
    return client;
  }

  replace(...rules: RuleInput[]): Promise<unknown> {
    return this.rules.replaceAll("default", rules);
  }
}

const allow = (topic: string, more: Partial<RuleInput> = {}): RuleInput => ({
  permission: "allow",
  action: "both",
  topics: [topic],
  ...more,
});
const deny = (topic: string, more: Partial<RuleInput> = {}): RuleInput => ({ ...allow(topic, more), permission: "deny" });
const ADMIN = allow("#", { user: "admin" });
const KEPT = { cleanStart: false, properties: { sessionExpiryInterval: 3_600 } } as const;

async function subscribeRaw(client: TestClient, ...topicFilters: string[]) {
  const options = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  client.send({
    type: PacketType.SUBSCRIBE,
    packetIdentifier: 9,
    subscriptions: topicFilters.map((topicFilter) => ({ topicFilter, ...options })),
  });
  const [suback] = await client.takeOfType(PacketType.SUBACK);
  return suback!;
}

describe("a PUBLISH that is denied", () => {
  const RULES = [deny("home/vault", { id: "no-vault" }), allow("home/#")];

  /** Reason Code and Reason String of the acknowledgements that have come. */
  async function answers(client: TestClient): Promise<unknown[]> {
    return (await client.take()).map((packet) =>
      packet.type === PacketType.PUBACK || packet.type === PacketType.PUBREC
        ? [packet.type, packet.reasonCode, packet.properties?.reasonString]
        : packet,
    );
  }

  test("is told by which rule, in PUBACK and PUBREC", async () => {
    const { world } = await RuledWorld.start(...RULES);
    const client = await world.client(5);
    client.publish("home/vault", "1", 1);
    client.publish("yard", "2", 2);
    client.publish("$SYS/x", "3", 1);
    expect(await answers(client)).toEqual([
      [PacketType.PUBACK, 0x87, "NOT_AUTHORIZED: rule no-vault denies home/vault"],
      [PacketType.PUBREC, 0x87, "NOT_AUTHORIZED: no rule matches, which means deny"],
      [PacketType.PUBACK, 0x87, "NOT_AUTHORIZED: nobody but the broker publishes to $SYS/ and $events/"],
    ]);
  });

  test("[MQTT-3.1.2-29] [MQTT-3.4.2-2] [MQTT-3.5.2-2] is not where the client wants no words, or takes no packet so large", async () => {
    const { world } = await RuledWorld.start(...RULES);
    for (const properties of [{ requestProblemInformation: 0 }, { maximumPacketSize: 40 }] as const) {
      const client = await world.client(5, { properties });
      client.publish("home/vault", "1", 1);
      client.publish("home/vault", "2", 2);
      expect(await answers(client)).toEqual([
        [PacketType.PUBACK, 0x87, undefined],
        [PacketType.PUBREC, 0x87, undefined],
      ]);
    }
  });

  test("[MQTT-4.6.0-2] [MQTT-4.6.0-3] waits its turn, without words, behind acknowledgements that wait for the disk", async () => {
    const { world } = await RuledWorld.start(...RULES);
    for (const qos of [1, 2] as const) {
      const client = await world.client(5, { clientIdentifier: `p${qos}`, properties: { sessionExpiryInterval: 60 } });
      world.store.holdsCommits = true;
      client.publish("home/a", "kept", qos, { retain: true });
      client.publish("home/vault", "denied", qos);
      expect(await answers(client)).toEqual([]);
      world.store.holdsCommits = false;
      world.store.commit();
      const type = qos === 1 ? PacketType.PUBACK : PacketType.PUBREC;
      expect(await answers(client)).toEqual([
        [type, 0, undefined],
        [type, 0x87, undefined],
      ]);
    }
  });
});

describe("SUBSCRIBE", () => {
  test("is granted where one allow rule covers the filter whole, else 0x87 with the rule named", async () => {
    const { world } = await RuledWorld.start(
      deny("home/vault", { id: "no-vault" }),
      allow("home/#", { id: "home" }),
      allow("yard/+", { id: "yard" }),
    );
    const client = await world.client(5, { username: "ann" });
    const reasons = new Map<string, string | undefined>();
    for (const filter of ["home/kitchen/+", "home/#", "home/vault", "yard/+", "yard/#", "else"]) {
      const { reasonCodes, properties } = await subscribeRaw(client, filter);
      reasons.set(filter, reasonCodes[0]! < 0x80 ? "granted" : `${reasonCodes[0]!.toString(16)} ${properties?.reasonString}`);
    }
    expect(Object.fromEntries(reasons)).toEqual({
      "home/kitchen/+": "granted",
      "home/#": "87 NOT_AUTHORIZED: rule no-vault denies home/vault, which home/# reaches",
      "home/vault": "87 NOT_AUTHORIZED: rule no-vault denies home/vault",
      "yard/+": "granted",
      "yard/#": "87 NOT_AUTHORIZED: no rule allows all of yard/#; rule yard allows yard/+ alone",
      else: "87 NOT_AUTHORIZED: no rule allows all of else",
    });
  });

  test("several filters have one Reason String", async () => {
    const { world } = await RuledWorld.start(allow("a"));
    const client = await world.client(5);
    expect(await subscribeRaw(client, "b", "a", "c", "d")).toMatchObject({
      reasonCodes: [0x87, 1, 0x87, 0x87],
      properties: { reasonString: "NOT_AUTHORIZED: no rule allows all of b, and 2 more" },
    });
  });

  test("[MQTT-3.1.2-29] a client that wants no Reason Strings gets none", async () => {
    const { world } = await RuledWorld.start();
    const client = await world.client(5, { properties: { requestProblemInformation: 0 } });
    const suback = await subscribeRaw(client, "b");
    expect(suback.reasonCodes).toEqual([0x87]);
    expect(suback.properties?.reasonString).toBeUndefined();
  });

  test.each([3, 4] as const)("version %i is told 0x80", async (version) => {
    const { world } = await RuledWorld.start(allow("a"));
    const client = await world.client(version);
    expect(await client.subscribe([{ topicFilter: "a" }, { topicFilter: "#" }], 1)).toEqual([1, 0x80]);
  });

  test("of a shared subscription the filter counts", async () => {
    const { world } = await RuledWorld.start(allow("jobs/#"));
    const client = await world.client(5);
    expect(await client.subscribe([{ topicFilter: "$share/g/jobs/+" }, { topicFilter: "$share/jobs/else" }])).toEqual([0, 0x87]);
  });

  test("# and + never cover topics that begin with $", async () => {
    const { world } = await RuledWorld.start(allow("#"), allow("+/x"));
    const client = await world.client(5);
    expect(await client.subscribe([{ topicFilter: "$SYS/#" }, { topicFilter: "$own/x" }, { topicFilter: "#" }])).toEqual([
      0x87, 0x87, 0,
    ]);
    client.publish("$own/x", "1", 1);
    expect(await client.take()).toMatchObject([{ type: PacketType.PUBACK, reasonCode: 0x87 }]);
  });
});

test("eq means the text itself: that filter is granted, and what it matches is delivered by it alone", async () => {
  const { world } = await RuledWorld.start(ADMIN, allow("eq a/+"));
  const client = await world.client(5);
  expect(await client.subscribe([{ topicFilter: "a/+" }, { topicFilter: "a/b" }, { topicFilter: "a/#" }])).toEqual([0, 0x87, 0x87]);
  const admin = await world.client(5, { username: "admin" });
  for (const topic of ["a/b", "b/b"]) admin.publish(topic, "1");
  expect(await client.takeTexts()).toEqual(["a/b=1"]);
  client.publish("a/b", "2", 1);
  expect(await client.take()).toMatchObject([{ type: PacketType.PUBACK, reasonCode: 0x87 }]);
});

test("a deny rule whose placeholder has no value denies nothing, and an allow rule allows nothing", async () => {
  const { world } = await RuledWorld.start(deny("a/${username}"), allow("b/${username}"), allow("a/#"));
  const client = await world.client(5, { username: "x/y" });
  expect(await client.subscribe([{ topicFilter: "a/#" }, { topicFilter: "b/x/y" }])).toEqual([0, 0x87]);
});

describe("placeholders", () => {
  test("CVE-2017-7650: an identifier or a name that would reach other topics reaches none", async () => {
    const { world } = await RuledWorld.start(allow("own/${clientid}/#"), allow("user/${username}"), ADMIN);
    const admin = await world.client(5, { username: "admin" });
    for (const name of ["#", "+", "a/b", "a/#", "+/x"]) {
      const client = await world.client(5, { clientIdentifier: name, username: name });
      const filters = [`own/${name}/#`, `own/${name}`, "own/a/#", "own/#", "own/+", `user/${name}`, "user/+"];
      for (const topicFilter of filters) {
        expect((await client.subscribe(topicFilter))[0], `${name}: ${topicFilter}`).toBeGreaterThanOrEqual(0x80);
      }
      admin.publish("own/a", "x");
      admin.publish("user/a", "x");
      expect(await client.takeMessages()).toEqual([]);
    }
    const ann = await world.client(5, { clientIdentifier: "c1", username: "ann" });
    expect(await ann.subscribe([{ topicFilter: "own/c1/+" }, { topicFilter: "user/ann" }, { topicFilter: "own/c2/+" }])).toEqual([
      0, 0, 0x87,
    ]);
  });

  test("anonymous clients have no user name", async () => {
    const { world } = await RuledWorld.start(allow("${username}/#"), allow("/#"));
    const client = await world.client(5);
    expect(await client.subscribe([{ topicFilter: "#" }, { topicFilter: "+/x" }, { topicFilter: "/x" }])).toEqual([0x87, 0x87, 0]);
  });
});

describe("publishing", () => {
  test("is decided by the first rule that matches, by QoS and RETAIN too", async () => {
    const { world } = await RuledWorld.start(
      deny("t/#", { action: "publish", retain: true }),
      deny("t/#", { action: "publish", qos: [2] }),
      allow("t/open"),
      deny("t/#"),
      allow("#"),
    );
    const client = await world.client(5);
    const answers: number[] = [];
    const ask = async (topic: string, qos: 1 | 2, retain: boolean): Promise<void> => {
      client.publish(topic, "x", qos, { retain });
      for (const packet of await client.take()) if ("reasonCode" in packet) answers.push(packet.reasonCode);
    };
    await ask("t/open", 1, false);
    await ask("t/open", 1, true);
    await ask("t/open", 2, false);
    await ask("t/other", 1, false);
    await ask("t/open", 1, false);
    await ask("else", 2, true);
    expect(answers).toEqual([0, 0x87, 0x87, 0x87, 0, 0]);
  });

  test("to $SYS is the broker's, whatever a rule says", async () => {
    const { world } = await RuledWorld.start(allow("$SYS/#"));
    const client = await world.client(5);
    client.publish("$SYS/x", "x", 1);
    expect(await client.take()).toMatchObject([{ reasonCode: 0x87 }]);
  });

  test("an address is where the client comes from", async () => {
    const { world } = await RuledWorld.start(deny("#", { addresses: ["127.0.0.0/8"] }), allow("#"));
    const client = await world.client(5);
    expect(await client.subscribe("a")).toEqual([0x87]);
  });
});

describe("delivery", () => {
  test("a deny rule behind the allow takes its topics out, retained messages too", async () => {
    const { world } = await RuledWorld.start(allow("home/#", { user: "ann" }), deny("home/+/key", { user: "ann" }), ADMIN);
    const admin = await world.client(5, { username: "admin" });
    admin.publish("home/door/key", "old", 1, { retain: true });
    admin.publish("home/door/state", "old", 1, { retain: true });
    await world.settle();
    const ann = await world.client(5, { username: "ann" });
    expect(await ann.subscribe("home/#", 1)).toEqual([1]);
    expect(await ann.takeTexts()).toEqual(["home/door/state=old"]);
    for (const qos of [0, 1] as const) {
      admin.publish("home/door/key", "new", qos);
      admin.publish("home/door/state", "new", qos);
    }
    expect(await ann.takeTexts()).toEqual(["home/door/state=new", "home/door/state=new"]);
    // What it would be granted is taken out whole, so it is not granted.
    expect(await ann.subscribe("home/front/key")).toEqual([0x87]);
  });

  test("a deny rule for all behind the rules that allow is no more than what none of them matches", async () => {
    const { world } = await RuledWorld.start(allow("mine", { user: "ann" }), deny("#"));
    const ann = await world.client(5, { username: "ann" });
    expect(await ann.subscribe("mine")).toEqual([0]);
    ann.publish("mine", "x");
    expect(await ann.takeTexts()).toEqual(["mine=x"]);
  });

  test("of a shared subscription a member without the right is passed over", async () => {
    const { world } = await RuledWorld.start(allow("jobs/#"), deny("jobs/secret", { user: "ann" }));
    const ann = await world.client(5, { username: "ann" });
    const bob = await world.client(5, { username: "bob" });
    for (const one of [ann, bob]) await one.subscribe("$share/g/jobs/#");
    const sender = await world.client(5, { username: "carl" });
    for (let i = 0; i < 4; i++) sender.publish("jobs/secret", String(i));
    expect(await ann.takeTexts()).toEqual([]);
    expect(await bob.takeTexts()).toHaveLength(4);
  });

  test("where what no rule matches is allowed, a wide filter is granted and the deny acts on its topics", async () => {
    const ruled = await RuledWorld.start(deny("secret/#", { user: "ann" }));
    await ruled.rules.setNoMatch("default", "allow");
    const ann = await ruled.client("ann");
    expect(await ann.subscribe([{ topicFilter: "#" }, { topicFilter: "secret/x" }])).toEqual([0, 0x87]);
    const bob = await ruled.client("bob");
    bob.publish("secret/x", "1");
    bob.publish("open", "2");
    expect(await ann.takeTexts()).toEqual(["open=2"]);
  });
});

describe("a change acts at once, and nobody reconnects", () => {
  test("on those who subscribe and who publish", async () => {
    const ruled = await RuledWorld.start(allow("#"));
    const ann = await ruled.client("ann");
    const bob = await ruled.client("bob");
    await ann.subscribe([{ topicFilter: "a" }, { topicFilter: "b" }]);
    bob.publish("a", "1", 1);
    bob.publish("b", "1", 1);
    expect(await ann.takeTexts()).toEqual(["a=1", "b=1"]);
    await bob.take();
    await ruled.replace(deny("a", { user: "ann" }), deny("b", { user: "bob" }), allow("#"));
    bob.publish("a", "2", 1);
    bob.publish("b", "2", 1);
    expect((await bob.take()).map((packet) => "reasonCode" in packet && packet.reasonCode)).toEqual([0, 0x87]);
    expect(await ann.takeTexts()).toEqual([]);
    await ruled.replace(allow("#"));
    bob.publish("a", "3", 1);
    bob.publish("b", "3", 1);
    expect(await ann.takeTexts()).toEqual(["a=3", "b=3"]);
    expect(ann.isClosed || bob.isClosed).toBe(false);
  });

  test("CVE-2021-34434: what is queued for a client that is away does not reach it", async () => {
    const ruled = await RuledWorld.start(allow("#"));
    const first = await ruled.client("ann", 5, KEPT);
    await first.subscribe([{ topicFilter: "a" }, { topicFilter: "b" }], 1);
    await first.disconnect();
    const bob = await ruled.client("bob");
    bob.publish("a", "1", 1);
    bob.publish("b", "1", 1);
    await ruled.world.settle();
    await ruled.replace(deny("a", { user: "ann" }), allow("#"));
    expect(await ruled.back("ann").takeTexts()).toEqual(["b=1"]);
    expect(ruled.world.broker.counters.droppedRevoked).toBe(1);
  });

  test("what is queued for a client that is slow does not reach it, and the rest keeps its order", async () => {
    const ruled = await RuledWorld.start(allow("#"));
    const ann = await ruled.client("ann", 5, { properties: { receiveMaximum: 1 } });
    await ann.subscribe("#", 1);
    const bob = await ruled.client("bob");
    for (const [topic, text] of [
      ["a", "1"],
      ["a", "2"],
      ["b", "3"],
      ["a", "4"],
      ["b", "5"],
    ] as const)
      bob.publish(topic, text, 1);
    const texts: string[] = [];
    await ruled.world.settle();
    await ruled.replace(deny("a", { user: "ann" }), allow("#"));
    for (let i = 0; i < 6; i++) {
      for (const packet of await ann.takeMessages()) {
        texts.push(new TextDecoder().decode(packet.payload));
        ann.acknowledge("PUBACK", packet.packetIdentifier!);
      }
    }
    // The first one had left.
    expect(texts).toEqual(["1", "3", "5"]);
  });

  test("a retained message of a publisher who lost the right is not delivered, and is when the right is back", async () => {
    const ruled = await RuledWorld.start(allow("#"));
    const bob = await ruled.client("bob");
    bob.publish("a", "x", 1, { retain: true });
    await ruled.world.settle();
    const ann = await ruled.client("ann");
    const retained = async (): Promise<string[]> => {
      await ann.subscribe("a");
      return ann.takeTexts();
    };
    expect(await retained()).toEqual(["a=x"]);
    await ruled.replace(deny("a", { user: "bob", action: "publish" }), allow("#"));
    expect(await retained()).toEqual([]);
    await ruled.world.crash();
    const again = await ruled.client("ann");
    await again.subscribe("a");
    expect(await again.takeTexts()).toEqual([]);
    await ruled.replace(allow("#"));
    await again.subscribe("a");
    expect(await again.takeTexts()).toEqual(["a=x"]);
  });

  test("a will is refused at CONNECT, and stopped by a later revocation", async () => {
    const ruled = await RuledWorld.start(allow("state/${username}"), ADMIN);
    const will = (topicName: string) => ({ topicName, payload: new Uint8Array([0x78]), qos: 0, retain: false }) as const;
    const bad = ruled.world.dial();
    expect(await bad.connect({ username: "bob", clientIdentifier: "b", will: will("state/ann") })).toMatchObject({
      reasonCode: 0x87,
      properties: { reasonString: "NOT_AUTHORIZED: the Will Message may not be published: no rule matches, which means deny" },
    });
    const admin = await ruled.client("admin");
    await admin.subscribe("state/#");
    const one = await ruled.client("bob", 5, { will: will("state/bob") });
    await one.cut();
    expect(await admin.takeTexts()).toEqual(["state/bob=x"]);
    const two = await ruled.client("bob", 5, { will: will("state/bob") });
    await ruled.replace(ADMIN);
    await two.cut();
    expect(await admin.takeTexts()).toEqual([]);
    expect(ruled.world.broker.counters.willsDropped).toBe(1);
  });
});

test("a client that comes back with the same rights costs others nothing, and with others it is heard of", async () => {
  const ruled = await RuledWorld.start(allow("#"));
  const ann = await ruled.client("ann", 5, KEPT);
  await ann.subscribe("t", 0);
  const bob = await ruled.client("bob");
  bob.publish("t", "1");
  await ruled.world.settle();
  const routeOf = () => [...ruled.world.broker.connections()].find(({ session }) => session?.owner === "bob")?.lastRoute;
  const route = routeOf();
  await ann.disconnect();
  const again = await ruled.client("ann", 5, KEPT);
  bob.publish("t", "2");
  expect(await again.takeTexts()).toEqual(["t=2"]);
  expect(routeOf()).toBe(route);
  await again.disconnect();
  ruled.granted.set("ann", { sources: [{ name: "claim", rules: [deny("t")], isClosed: false }] });
  const other = await ruled.client("ann", 5, KEPT);
  bob.publish("t", "3");
  expect(await other.takeTexts()).toEqual([]);
  expect(routeOf()).not.toBe(route);
});

describe("what an authenticator grants", () => {
  const who = { tenant: "default", owner: "ann", clientIdentifier: "ann-1" };

  test("comes before the rules: a list of rules", async () => {
    const ruled = await RuledWorld.start(deny("#", { id: "none" }));
    const acl = [
      { permission: "deny", action: "publish", topic: "dev/locked" },
      { permission: "allow", action: "all", topic: "dev/#" },
    ];
    ruled.granted.set("ann", { sources: [claimedRules(acl, who, "127.0.0.1")] });
    const ann = await ruled.client("ann");
    expect(await ann.subscribe([{ topicFilter: "dev/#" }, { topicFilter: "else" }], 1)).toEqual([1, 0x87]);
    ann.publish("dev/locked", "1", 1);
    ann.publish("dev/open", "2", 1);
    expect(await ann.takeTexts()).toEqual(["dev/open=2"]);
    expect((await subscribeRaw(ann, "else")).properties?.reasonString).toBe("NOT_AUTHORIZED: rule none denies #");
  });

  test("comes before the rules: lists of topics, and nothing else", async () => {
    const ruled = await RuledWorld.start(allow("#"));
    const acl = { pub: ["out/${username}"], sub: ["in/${clientid}/#"] };
    ruled.granted.set("ann", { sources: [claimedRules(acl, who, "127.0.0.1")] });
    const ann = await ruled.client("ann");
    expect(await ann.subscribe([{ topicFilter: "in/ann-1/#" }, { topicFilter: "x" }])).toEqual([0, 0x87]);
    ann.publish("out/ann", "1", 1);
    ann.publish("out/bob", "2", 1);
    expect((await ann.take()).map((packet) => "reasonCode" in packet && packet.reasonCode)).toEqual([0, 0x87]);
  });

  test("a superuser may do everything but speak as the broker, and hears that", async () => {
    const ruled = await RuledWorld.start();
    ruled.granted.set("root", { isSuperuser: true });
    const root = await ruled.client("root");
    expect(await root.subscribe([{ topicFilter: "#" }, { topicFilter: "$SYS/#" }])).toEqual([0, 0]);
    root.publish("a", "1", 1);
    expect(await root.takeTexts()).toEqual(["a=1"]);
    root.publish("$SYS/a", "1", 1);
    const reasonString = "NOT_AUTHORIZED: nobody but the broker publishes to $SYS/ and $events/";
    expect(await root.take()).toMatchObject([{ reasonCode: 0x87, properties: { reasonString } }]);
  });

  test("of a client that is away after a restart, what is queued is held against the rights it comes back with", async () => {
    const ruled = await RuledWorld.start(ADMIN);
    const grant = (topic: string): GrantedAccess => ({ sources: [claimedRules({ sub: [topic] }, who, "")] });
    ruled.granted.set("ann", grant("+/x"));
    const ann = await ruled.client("ann", 5, KEPT);
    expect(await ann.subscribe("+/x", 1)).toEqual([1]);
    await ann.disconnect();
    await ruled.world.crash();
    const admin = await ruled.client("admin");
    admin.publish("a/x", "1", 1);
    admin.publish("b/x", "2", 1);
    await ruled.world.settle();
    ruled.granted.set("ann", grant("b/x"));
    expect(await ruled.back("ann").takeTexts()).toEqual(["b/x=2"]);
  });
});
