import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Storage } from "@bowline/broker/internal";
import { readStore } from "./read-store.ts";
import type { StorageHandle } from "./storage-handle.ts";
import { storageEqualsModel } from "./storage-property.ts";
import { aMessage, aQueueEntry, aRule, aSession, aSubscription, aUser, bytesOf } from "./storage-rows.ts";

/** The contract of Storage, the same for every maker. Every test begins with an empty store. */
export function storageSuite(name: string, makeHandle: () => Promise<StorageHandle>): void {
  describe(`storage contract: ${name}`, () => {
    let handle: StorageHandle;
    let storage: Storage;

    async function reopen(): Promise<Storage> {
      await storage.close();
      storage = await handle.open();
      return storage;
    }

    beforeEach(async () => {
      handle = await makeHandle();
      storage = await handle.open();
    });

    afterEach(async () => {
      await storage.close();
      await handle.dispose();
    });

    test("an empty store hands nothing over and counts from one", async () => {
      const read = await readStore(storage);
      expect(read.calls).toEqual([]);
      expect([storage.nextMessageId, storage.nextSessionId]).toEqual([1, 1]);
      expect(storage.health).toEqual({ state: "ok" });
    });

    test("gives back every field of every kind of row", async () => {
      await readStore(storage);
      const message = aMessage(1, {
        topicName: bytesOf("a/ü/\u{1F9F5}"),
        properties: bytesOf("\u0001\u0001"),
        retain: true,
        expiresAt: 1_790_000_000_123,
      });
      const session = aSession(1, {
        owner: "alice",
        expiryInterval: 0xffff_ffff,
        disconnectedAt: 1_790_000_000_456,
        will: {
          topicName: "gone/ü",
          payload: bytesOf("bye"),
          qos: 2,
          retain: true,
          properties: bytesOf("\u0003\u0000\u0001x"),
          messageExpiryInterval: 0xffff_ffff,
          delayInterval: 30,
        },
      });
      const subscription = aSubscription("a/+/#", {
        qos: 2,
        noLocal: true,
        retainAsPublished: true,
        retainHandling: 2,
        subscriptionIdentifier: 268_435_455,
      });
      const entry = aQueueEntry(7, {
        messageId: 1,
        qos: 2,
        retain: true,
        subscriptionIdentifiers: [1, 127, 128, 268_435_455],
        state: 2,
        packetIdentifier: 65_535,
      });
      storage.putMessage(message);
      storage.putSession(session);
      storage.putSubscription(1, subscription);
      storage.putQueueEntry(1, entry);
      storage.putInboundIdentifier(1, 65_535);
      storage.putRetained("default", message.topicName, 1);
      storage.putUser(aUser("alice"));
      storage.putRule(aRule("r1", 1));
      const read = await readStore(await reopen());
      expect(read.messages).toEqual([message]);
      expect(read.sessions).toEqual([{ session, subscriptions: [subscription], queue: [entry], inboundIdentifiers: [65_535] }]);
      expect(read.retained).toEqual([{ tenant: "default", topicName: message.topicName, messageId: 1 }]);
      expect(read.users).toEqual([aUser("alice")]);
      expect(read.rules).toEqual([aRule("r1", 1)]);
    });

    test("rows without a will, properties or bytes come back as they were", async () => {
      await readStore(storage);
      const message = aMessage(1, { payload: new Uint8Array(0), properties: undefined });
      const empty = aMessage(2, { properties: new Uint8Array(0), publisher: "" });
      const session = aSession(1, { owner: "", clientIdentifier: "", will: undefined });
      storage.putMessage(message);
      storage.putMessage(empty);
      storage.putSession(session);
      const read = await readStore(await reopen());
      expect(read.messages).toEqual([message, empty]);
      expect(read.sessions.map((loaded) => loaded.session)).toEqual([session]);
    });

    test("messages come before the sessions and retained messages that name them", async () => {
      await readStore(storage);
      storage.putSession(aSession(1));
      storage.putRetained("default", bytesOf("t"), 9);
      storage.putQueueEntry(1, aQueueEntry(1, { messageId: 9 }));
      storage.putMessage(aMessage(9));
      const read = await readStore(await reopen());
      expect(read.calls.indexOf("message")).toBe(0);
      expect(read.calls).toEqual(expect.arrayContaining(["session", "retained"]));
    });

    test("queues come in order of sequence and rules in order, each tenant's own", async () => {
      await readStore(storage);
      storage.putSession(aSession(1));
      for (const sequence of [300, 2, 70_000, 1]) storage.putQueueEntry(1, aQueueEntry(sequence));
      storage.putRule(aRule("b", 2));
      storage.putRule(aRule("z", 1));
      storage.putRule(aRule("a", 10));
      const read = await readStore(await reopen());
      expect(read.sessions[0]?.queue.map((entry) => entry.sequence)).toEqual([1, 2, 300, 70_000]);
      expect(read.rules.map((rule) => rule.id)).toEqual(["z", "b", "a"]);
    });

    test("one turn has one commit number, the next turn a higher one, and commits are told in order", async () => {
      await readStore(storage);
      const told: number[] = [];
      storage.onCommitted = (n) => told.push(n);
      const first = storage.putMessage(aMessage(1));
      expect(storage.putSession(aSession(1))).toBe(first);
      expect(first).toBeGreaterThan(storage.committed);
      expect(told).toEqual([]);
      await storage.flush();
      const second = storage.putMessage(aMessage(2));
      expect(second).toBeGreaterThan(first);
      await storage.flush();
      expect(storage.committed).toBe(second);
      expect(told.at(-1)).toBe(second);
      expect(told).toEqual([...told].sort((a, b) => a - b));
      expect(new Set(told).size).toBe(told.length);
    });

    test("commits without being asked to flush", async () => {
      await readStore(storage);
      const told = new Promise<number>((resolve) => (storage.onCommitted = resolve));
      const number = storage.putMessage(aMessage(1));
      expect(await told).toBe(number);
      expect(storage.committed).toBe(number);
    });

    test("flush with nothing appended resolves", async () => {
      await readStore(storage);
      await storage.flush();
      expect(storage.committed).toBe(0);
    });

    test("putting again replaces: session, subscription, queue entry, retained message, user, rule", async () => {
      await readStore(storage);
      storage.putSession(aSession(1));
      storage.putSubscription(1, aSubscription("a", { qos: 0 }));
      storage.putQueueEntry(1, aQueueEntry(1));
      storage.putRetained("default", bytesOf("t"), 1);
      storage.putMessage(aMessage(1));
      storage.putMessage(aMessage(2));
      storage.putUser(aUser("u"));
      storage.putRule(aRule("r", 1));
      await storage.flush();
      storage.putSession(aSession(1, { expiryInterval: 5 }));
      storage.putSubscription(1, aSubscription("a", { qos: 2 }));
      storage.putQueueEntry(1, aQueueEntry(1, { state: 3, messageId: 0, packetIdentifier: 4 }));
      storage.putRetained("default", bytesOf("t"), 2);
      storage.putUser(aUser("u", { passwordHash: "$argon2id$2" }));
      storage.putRule(aRule("r", 9));
      const read = await readStore(await reopen());
      expect(read.sessions).toEqual([
        {
          session: aSession(1, { expiryInterval: 5 }),
          subscriptions: [aSubscription("a", { qos: 2 })],
          queue: [aQueueEntry(1, { state: 3, messageId: 0, packetIdentifier: 4 })],
          inboundIdentifiers: [],
        },
      ]);
      expect(read.retained.map((row) => row.messageId)).toEqual([2]);
      expect(read.users).toEqual([aUser("u", { passwordHash: "$argon2id$2" })]);
      expect(read.rules).toEqual([aRule("r", 9)]);
    });

    test("each kind of row can be deleted, and deleting what is not there is no error", async () => {
      await readStore(storage);
      storage.putMessage(aMessage(1));
      storage.putSession(aSession(1));
      storage.putSubscription(1, aSubscription("a"));
      storage.putQueueEntry(1, aQueueEntry(1));
      storage.putInboundIdentifier(1, 5);
      storage.putRetained("default", bytesOf("t"), 1);
      storage.putUser(aUser("u"));
      storage.putRule(aRule("r", 1));
      await storage.flush();
      for (let times = 0; times < 2; times++) {
        storage.deleteMessage(1);
        storage.deleteSubscription(1, "a");
        storage.deleteQueueEntry(1, 1);
        storage.deleteInboundIdentifier(1, 5);
        storage.deleteRetained("default", bytesOf("t"));
        storage.deleteUser("default", "u");
        storage.deleteRule("default", "r");
        await storage.flush();
      }
      const read = await readStore(await reopen());
      expect(read.calls).toEqual(["session"]);
      expect(read.sessions[0]).toEqual({ session: aSession(1), subscriptions: [], queue: [], inboundIdentifiers: [] });
    });

    test("deleting a session deletes everything below it, committed or of the same turn, and nothing else", async () => {
      await readStore(storage);
      for (const id of [1, 2, 3]) {
        storage.putSession(aSession(id));
        storage.putSubscription(id, aSubscription("a"));
        for (let sequence = 1; sequence <= 50; sequence++) storage.putQueueEntry(id, aQueueEntry(sequence));
        storage.putInboundIdentifier(id, 5);
        if (id === 1) await storage.flush();
      }
      storage.putSubscription(1, aSubscription("late"));
      storage.putQueueEntry(1, aQueueEntry(51));
      storage.deleteSession(1);
      storage.deleteSession(2);
      const read = await readStore(await reopen());
      expect(read.sessions.map((loaded) => loaded.session.id)).toEqual([3]);
      expect(read.sessions[0]?.queue).toHaveLength(50);
    });

    test("ids are never given again, not even those of deleted rows", async () => {
      await readStore(storage);
      storage.putMessage(aMessage(41));
      storage.putSession(aSession(17));
      await storage.flush();
      storage.deleteMessage(41);
      storage.deleteSession(17);
      await readStore(await reopen());
      expect(storage.nextMessageId).toBeGreaterThanOrEqual(42);
      expect(storage.nextSessionId).toBeGreaterThanOrEqual(18);
    });

    test("tenants are strangers: the same user, rule and topic in two of them are two rows", async () => {
      await readStore(storage);
      for (const tenant of ["a", "b"]) {
        storage.putUser(aUser("u", { tenant }));
        storage.putRule(aRule("r", 1, { tenant }));
        storage.putRetained(tenant, bytesOf("t"), 1);
      }
      storage.putMessage(aMessage(1));
      await storage.flush();
      storage.deleteUser("a", "u");
      storage.deleteRule("a", "r");
      storage.deleteRetained("a", bytesOf("t"));
      const read = await readStore(await reopen());
      expect(read.users.map((user) => user.tenant)).toEqual(["b"]);
      expect(read.rules.map((rule) => rule.tenant)).toEqual(["b"]);
      expect(read.retained.map((row) => row.tenant)).toEqual(["b"]);
    });

    test("the border between tenant and name is no part of either", async () => {
      await readStore(storage);
      storage.putUser(aUser("bc", { tenant: "a" }));
      storage.putUser(aUser("c", { tenant: "ab" }));
      const read = await readStore(await reopen());
      expect(read.users).toHaveLength(2);
    });

    test("strings up to the longest MQTT allows are kept apart, however much of them is alike", async () => {
      await readStore(storage);
      const lengths = [199, 200, 201, 202, 1_978, 65_535];
      const filters = lengths.flatMap((length) => ["x", "y"].map((last) => "t".repeat(length - 1) + last));
      storage.putSession(aSession(1));
      storage.putMessage(aMessage(1));
      for (const filter of filters) {
        storage.putSubscription(1, aSubscription(filter));
        storage.putRetained("default", bytesOf(filter), 1);
        storage.putUser(aUser(filter));
      }
      await storage.flush();
      for (const filter of filters.filter((each) => each.endsWith("y"))) {
        storage.deleteSubscription(1, filter);
        storage.deleteRetained("default", bytesOf(filter));
        storage.deleteUser("default", filter);
      }
      const read = await readStore(await reopen());
      const kept = filters.filter((each) => each.endsWith("x")).sort();
      expect(read.sessions[0]?.subscriptions.map((each) => each.topicFilter).sort()).toEqual(kept);
      expect(read.users.map((user) => user.username).sort()).toEqual(kept);
      expect(read.retained.map((row) => Buffer.from(row.topicName).toString()).sort()).toEqual(kept);
    });

    test("a large payload comes back whole, at load and when read alone", async () => {
      await readStore(storage);
      const payload = new Uint8Array(3_000_000).map((_, index) => index * 31);
      storage.putMessage(aMessage(1, { payload }));
      const read = await readStore(await reopen());
      expect(Buffer.compare(read.messages[0]?.payload ?? new Uint8Array(0), payload)).toBe(0);
      expect(Buffer.compare(storage.readMessage(1)?.payload ?? new Uint8Array(0), payload)).toBe(0);
    });

    test("readMessage gives a committed message, and nothing for a deleted one", async () => {
      await readStore(storage);
      storage.putMessage(aMessage(1));
      await storage.flush();
      expect(storage.readMessage(1)).toEqual(aMessage(1));
      storage.deleteMessage(1);
      await storage.flush();
      expect(storage.readMessage(1)).toBeUndefined();
    });

    test("rows are taken as they were at the call, whatever their owner does to them later", async () => {
      await readStore(storage);
      const session = aSession(1);
      const entry = aQueueEntry(1);
      storage.putSession(session);
      storage.putQueueEntry(1, entry);
      session.expiryInterval = 999;
      entry.state = 3;
      const read = await readStore(await reopen());
      expect(read.sessions[0]?.session).toEqual(aSession(1));
      expect(read.sessions[0]?.queue).toEqual([aQueueEntry(1)]);
    });

    test("close keeps what was appended just before", async () => {
      await readStore(storage);
      storage.putMessage(aMessage(1));
      const read = await readStore(await reopen());
      expect(read.messages).toHaveLength(1);
    });

    // Each run has a folder of its own: few by day, many in the long run.
    test("equals a model of plain maps, whatever is done to it", async () => {
      const runs = process.env["BOWLINE_LONG"] === "1" ? 2_000 : 25;
      await expect(storageEqualsModel(makeHandle, runs)).resolves.toBeUndefined();
    }, 600_000);
  });
}
