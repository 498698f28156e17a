import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect, type ConnectOptions } from "@bowline/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { BowlineProcess } from "../system/bowline-process.ts";
import { cannotWatchDisk, WatchedDisk } from "./watched-disk.ts";

function lasting(clientId: string): ConnectOptions["session"] & object {
  return { clientId, expiryInterval: 3_600, cleanStart: false };
}

/* Acknowledgements and the disk, with a broker whose flushes take as long as the test says. */

describe.skipIf(cannotWatchDisk !== "")(`a broker on a slow disk${cannotWatchDisk && ` (${cannotWatchDisk})`}`, () => {
  let folder: string;
  let disk: WatchedDisk;
  const clients: Client[] = [];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "bowline-held-"));
    disk = new WatchedDisk(folder);
  });
  afterEach(async () => {
    disk.release();
    await Promise.all(clients.splice(0).map((client) => client.abort()));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function start(durability: "durable" | "relaxed"): Promise<BowlineProcess> {
    const config = join(folder, `${durability}.json`);
    writeFileSync(config, JSON.stringify({ durability, console: false, anonymous: true }));
    return BowlineProcess.startIn(disk.environment, "--config", config, "--listen", "mqtt://localhost:0");
  }

  /** By default with a Session that ends with its connection, of which nothing is kept. */
  async function connected({ urls }: BowlineProcess, session: ConnectOptions["session"] = { expiryInterval: 0 }): Promise<Client> {
    const client = connect(urls[0]!, { reconnect: false, session });
    clients.push(client);
    await client.publish("hello", "", { qos: 1 });
    return client;
  }

  /** A Session that is away and wants everything below `kept`. */
  async function sleeper(broker: BowlineProcess): Promise<void> {
    const client = await connected(broker, lasting("sleeper"));
    await client.subscribe("kept/#", { qos: 2 }).ready;
    await client.close();
  }

  /** The names of the publications that are acknowledged, in that order. */
  class Acknowledged {
    readonly names: string[] = [];
    readonly all: Promise<unknown>[] = [];

    watch(name: string, publication: PromiseLike<unknown>): void {
      this.all.push(Promise.resolve(publication).then(() => this.names.push(name)));
    }
  }

  test("durable: what is kept is acknowledged after the flush, in order; what nobody keeps waits for nothing", async () => {
    const broker = await start("durable");
    try {
      await sleeper(broker);
      const [publisher, other] = [await connected(broker), await connected(broker)];
      const online = await connected(broker);
      await online.subscribe("live/#", { qos: 2 }).ready;
      const told = new Acknowledged();
      disk.hold();
      told.watch("live, before", publisher.publish("live/0", "x", { qos: 1 }));
      await Promise.all(told.all);
      told.watch("kept, QoS 1", publisher.publish("kept/1", "x", { qos: 1 }));
      told.watch("kept, QoS 2", publisher.publish("kept/2", "x", { qos: 2 }));
      told.watch("retained", publisher.publish("state", "x", { qos: 1, retain: true }));
      told.watch("live, behind them", publisher.publish("live/1", "x", { qos: 1 }));
      // Others go round and round meanwhile, so the broker is well, and what waits has had its time.
      for (let times = 0; times < 50; times++) {
        for (const qos of [1, 2] as const) await other.publish("live/2", String(times), { qos });
      }
      expect(told.names).toEqual(["live, before"]);
      disk.release();
      await Promise.all(told.all);
      expect(told.names.filter((name) => name !== "kept, QoS 2")).toEqual([
        "live, before",
        "kept, QoS 1",
        "retained",
        "live, behind them",
      ]);
      expect(told.names).toContain("kept, QoS 2");
    } finally {
      await broker.remove();
    }
  });

  test("durable: a new Session and a Subscription are told of after the flush", async () => {
    const broker = await start("durable");
    try {
      const online = await connected(broker);
      const subscriber = await connected(broker, lasting("a"));
      const told = new Acknowledged();
      disk.hold();
      told.watch("subscribed", subscriber.subscribe("kept/#", { qos: 1 }).ready);
      told.watch("connected", connected(broker, lasting("b")));
      for (let times = 0; times < 50; times++) await online.publish("live", String(times), { qos: 1 });
      expect(told.names).toEqual([]);
      disk.release();
      await Promise.all(told.all);
      expect(told.names).toHaveLength(2);
    } finally {
      await broker.remove();
    }
  });

  test("relaxed: what is kept is acknowledged while its flush still waits, and is there after kill -9", async () => {
    const broker = await start("relaxed");
    try {
      await sleeper(broker);
      const publisher = await connected(broker);
      disk.hold();
      await publisher.publish("kept/1", "x", { qos: 1, retain: true });
      await broker.kill();
      disk.release();
      await broker.startAgain();
      const late = connect(broker.urls[0]!, { reconnect: false, session: lasting("sleeper") });
      clients.push(late);
      const texts: string[] = [];
      // What waited in the Session, and the retained message.
      for await (const message of late.subscribe("kept/#", { qos: 2 })) {
        texts.push(`${message.text()} ${message.retain}`);
        if (texts.length === 2) break;
      }
      expect(texts).toEqual(["x false", "x true"]);
    } finally {
      await broker.remove();
    }
  });
});
