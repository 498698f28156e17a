import { type ConnectPacket, type Packet, PacketType, type PublishPacket, type QoS } from "@bowline/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LocalServer } from "../chaos/local-server.ts";
import { Link } from "./link.ts";

/* Rows of the security history that are about who may do what, over real sockets, with users of the store and rules that change. */

const users = ["ann", "bob"];
const passwordOf = (user: string): string => `secret of ${user}`;

let local: LocalServer;
const links = new Set<Link>();
beforeEach(async () => {
  local = await LocalServer.start({ anonymous: false, metrics: { sysInterval: 0 } });
  for (const user of users) await local.server.users.add("default", user, passwordOf(user));
  await local.server.rules.setNoMatch("default", "deny");
});
afterEach(async () => {
  for (const link of links) link.destroy();
  links.clear();
  await local.close();
});

const allow = (topic: string, user?: string): Parameters<typeof local.server.rules.add>[1] => ({
  permission: "allow",
  action: "both",
  topics: [topic],
  ...(user === undefined ? {} : { user }),
});

async function dial(
  user: string,
  changes: Partial<ConnectPacket> = {},
): Promise<{ link: Link; code: number | undefined; present: boolean }> {
  const link = await Link.open(local.url, 5);
  links.add(link);
  link.sendPacket({
    type: PacketType.CONNECT,
    protocolVersion: 5,
    cleanStart: true,
    keepAlive: 0,
    clientIdentifier: `${user}-1`,
    username: user,
    password: Buffer.from(passwordOf(user)),
    ...changes,
  });
  const connack = await link.packet(PacketType.CONNACK);
  return { link, code: connack?.reasonCode, present: connack?.sessionPresent ?? false };
}

async function client(user: string, changes: Partial<ConnectPacket> = {}): Promise<Link> {
  const { link, code } = await dial(user, changes);
  expect(code).toBe(0);
  return link;
}

let identifier = 0;
/** The answer to a packet with this identifier. */
async function answer(link: Link, type: number, id: number): Promise<{ reasonCode: number; reasonCodes: readonly number[] }> {
  const isWanted = (packet: Packet): boolean =>
    packet.type === type && "packetIdentifier" in packet && packet.packetIdentifier === id;
  await link.until(() => link.packets.some(isWanted));
  return { reasonCode: 0, reasonCodes: [], ...link.packets.find(isWanted) };
}

async function subscribe(link: Link, ...filters: string[]): Promise<readonly number[]> {
  const packetIdentifier = ++identifier;
  const options = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  link.sendPacket({
    type: PacketType.SUBSCRIBE,
    packetIdentifier,
    subscriptions: filters.map((topicFilter) => ({ topicFilter, ...options })),
  });
  return (await answer(link, PacketType.SUBACK, packetIdentifier)).reasonCodes;
}

async function publish(link: Link, topicName: string, text: string, changes: Partial<PublishPacket> = {}): Promise<number> {
  const packetIdentifier = ++identifier;
  const qos: QoS = 1;
  link.sendPacket({
    type: PacketType.PUBLISH,
    topicName,
    payload: Buffer.from(text),
    qos,
    retain: false,
    dup: false,
    packetIdentifier,
    ...changes,
  });
  return (await answer(link, PacketType.PUBACK, packetIdentifier)).reasonCode;
}

/** What came to it; a PINGREQ sees that all has. */
async function texts(link: Link): Promise<string[]> {
  link.sendPacket({ type: PacketType.PINGREQ });
  const pongs = link.packets.filter(({ type }) => type === PacketType.PINGRESP).length;
  await link.until(() => link.packets.filter(({ type }) => type === PacketType.PINGRESP).length > pongs);
  return link.packets
    .filter((packet) => packet.type === PacketType.PUBLISH)
    .map(({ topicName, payload }) => `${topicName}=${Buffer.from(payload)}`);
}

describe("rows 1 and 2, CVE-2017-7650, nanomq #2344: a value of a placeholder that is a wildcard or has levels reaches nothing", () => {
  test.each(["#", "+", "a/b", "a/#"])("%s is no user name, and as Client Identifier it reaches nothing", async (name) => {
    await expect(local.server.users.add("default", name, "x")).rejects.toMatchObject({ code: "OPTION_INVALID" });
    await local.server.rules.addAll("default", [
      allow("own/${clientid}/#"),
      allow("user/${username}"),
      allow("answers/${responseid}/#"),
      allow("#", "ann"),
    ]);
    const admin = await client("ann");
    const link = await client("bob", { clientIdentifier: name });
    const filters = [
      `own/${name}/#`,
      `own/${name}`,
      "own/a/#",
      "own/#",
      "own/+",
      "own/+/#",
      `user/${name}`,
      "user/+",
      "user/#",
      "answers/#",
      "#",
    ];
    for (const filter of filters)
      for (const code of await subscribe(link, filter)) expect(code, filter).toBeGreaterThanOrEqual(0x80);
    for (const topic of ["own/a", "own/a/b", "user/a", "own/ann-1/x", "answers/a/x"]) {
      expect(await publish(link, topic, "stolen")).toBe(0x87);
      await publish(admin, topic, "secret");
    }
    expect(await texts(link)).toEqual([]);
  });
});

test("row 6, CVE-2017-7653: what is no UTF-8 is relayed to nobody", async () => {
  await local.server.rules.add("default", allow("#"));
  const reader = await client("ann");
  await subscribe(reader, "#");
  for (const topic of ["c080", "eda080", "ff", "f8888080", "61c0"]) {
    const link = await client("bob");
    const bytes = Buffer.from(topic, "hex");
    link.send(Buffer.concat([Buffer.of(0x30, bytes.length + 3, 0, bytes.length), bytes, Buffer.of(0)]));
    expect(await link.packet(PacketType.DISCONNECT)).toMatchObject({ reasonCode: 0x81 });
  }
  expect(await texts(reader)).toEqual([]);
});

test("row 9, CVE-2018-12546: a retained message of a publisher whose right is gone is given to nobody", async () => {
  await local.server.rules.addAll("default", [allow("news/#", "bob"), allow("#", "ann")]);
  const bob = await client("bob");
  await publish(bob, "news/a", "retained", { retain: true });
  const before = await client("ann");
  await subscribe(before, "news/#");
  expect(await texts(before)).toEqual(["news/a=retained"]);
  await local.server.rules.replaceAll("default", [allow("#", "ann")]);
  const after = await client("ann", { clientIdentifier: "after" });
  await subscribe(after, "news/#");
  expect(await texts(after)).toEqual([]);
});

test("row 17, CVE-2021-34434: a durable Subscription delivers nothing once the right is gone, queued or new", async () => {
  await local.server.rules.add("default", allow("#"));
  const kept = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
  const first = await client("ann", kept);
  await subscribe(first, "a", "b");
  first.destroy();
  const bob = await client("bob");
  for (const topic of ["a", "b"]) await publish(bob, topic, "queued");
  await local.server.rules.add("default", { ...allow("a", "ann"), permission: "deny" }, 0);
  const back = await client("ann", kept);
  for (const topic of ["a", "b"]) await publish(bob, topic, "new");
  expect(await texts(back)).toEqual(["b=queued", "b=new"]);
});

test("row 21, CVE-2024-8376, CVE-2024-10525: a shared Subscription and a plain one of the same filter are two", async () => {
  await local.server.rules.add("default", allow("#"));
  const link = await client("ann");
  const unsubscribe = async (filter: string): Promise<readonly number[]> => {
    const packetIdentifier = ++identifier;
    link.sendPacket({ type: PacketType.UNSUBSCRIBE, packetIdentifier, topicFilters: [filter] });
    return (await answer(link, PacketType.UNSUBACK, packetIdentifier)).reasonCodes;
  };
  for (const [has, lacks] of [
    ["$share/g/t", "t"],
    ["t", "$share/g/t"],
  ] as const) {
    expect(await subscribe(link, has)).toEqual([1]);
    expect(await unsubscribe(lacks)).toEqual([0x11]);
    await publish(link, "t", has);
    expect(await unsubscribe(has)).toEqual([0]);
    await publish(link, "t", "nobody's");
  }
  expect(await texts(link)).toEqual(["t=$share/g/t", "t=t"]);
});

describe("rows 26 and 35, emqx #10192, NSWG 457: a will is published by the rights of its client", () => {
  const will = (topicName: string): Partial<ConnectPacket> => ({
    will: { topicName, payload: Buffer.from("will"), qos: 1, retain: true },
  });

  test("a CONNECT whose will it may not publish is refused", async () => {
    await local.server.rules.addAll("default", [allow("mine/#", "bob"), allow("#", "ann")]);
    const reader = await client("ann");
    await subscribe(reader, "#");
    expect((await dial("bob", will("other"))).code).toBe(0x87);
    const fine = await client("bob", will("mine/x"));
    fine.destroy();
    await reader.packet(PacketType.PUBLISH);
    expect(await texts(reader)).toEqual(["mine/x=will"]);
  });

  test("one whose right is taken back later is not published, and not retained", async () => {
    await local.server.rules.addAll("default", [allow("mine/#", "bob"), allow("#", "ann")]);
    const reader = await client("ann");
    await subscribe(reader, "mine/#");
    const bob = await client("bob", will("mine/x"));
    await local.server.rules.replaceAll("default", [allow("#", "ann")]);
    bob.destroy();
    while ([...local.server.broker.connections()].length > 1) await texts(reader);
    await subscribe(reader, "mine/+");
    expect(await texts(reader)).toEqual([]);
  });
});

describe("rows 38 and 39, CVE-2026-33215, mosquitto #3551, #3553: a Client Identifier gives nobody another user's session", () => {
  test.each([true, false])("with Clean Start %s", async (cleanStart) => {
    await local.server.rules.add("default", allow("#"));
    const kept = { clientIdentifier: "gateway-01", cleanStart: false, properties: { sessionExpiryInterval: 100 } };
    const gateway = await client("ann", kept);
    await subscribe(gateway, "orders/#");
    const bob = await client("bob");
    const thief = await dial("bob", { ...kept, cleanStart });
    // A session of its own, beside the other.
    expect(thief).toMatchObject({ code: 0, present: false });
    await publish(bob, "orders/1", "here");
    expect(await texts(thief.link)).toEqual([]);
    expect(await texts(gateway)).toEqual(["orders/1=here"]);
    gateway.destroy();
    await publish(bob, "orders/2", "away");
    thief.link.sendPacket({ type: PacketType.DISCONNECT, reasonCode: 0, properties: { sessionExpiryInterval: 0 } });
    await thief.link.ended;
    const again = await dial("ann", kept);
    expect(again.present).toBe(true);
    // The first one was never acknowledged.
    expect(await texts(again.link)).toEqual(["orders/1=here", "orders/2=away"]);
  });
});
