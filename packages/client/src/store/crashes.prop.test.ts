import { expect, test } from "vitest";
import { connect } from "../connect.ts";
import type { Client } from "../client.ts";
import { Disk } from "../testing/disk.ts";
import { SessionServer } from "../testing/session-server.ts";
import { turn, VirtualClock } from "../testing/virtual-clock.ts";

/*
 * Whatever is cut, crashes or fills up, and whenever: every publication that was told as stored reaches the server, QoS 2 once and in
 * order; every message of the server is handed over, QoS 2 once but for the one that a crash found in the application's hands.
 */

const isLong = process.env["BOWLINE_LONG"] === "1";
const RUNS = isLong ? 400 : 25;
const first = Number(process.env["BOWLINE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const MESSAGES = 60;

/** Mulberry32: a small seeded source of chance. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class World {
  readonly disk = new Disk();
  readonly server: SessionServer;
  readonly clock = new VirtualClock();
  readonly random: () => number;
  readonly stored: string[] = [];
  readonly failed: string[] = [];
  readonly handed: string[] = [];
  crashes = 0;
  client: Client | undefined;
  private isCalm = false;
  private next = 0;
  private nextDown = 0;
  private readonly qos: 1 | 2;
  private readonly version: 4 | 5;

  constructor(seed: number, qos: 1 | 2, version: 4 | 5) {
    this.random = chance(seed);
    this.qos = qos;
    this.version = version;
    this.server = new SessionServer(qos);
    this.server.passes = (length) => (!this.isCalm && this.random() < 0.03 ? Math.floor(this.random() * (length + 1)) : length);
  }

  start(): void {
    const { server, clock, random, disk, qos } = this;
    const life = this.crashes;
    const client = connect("mqtt://server.test", {
      protocolVersion: this.version,
      transport: server.dial,
      clock,
      random,
      session: { clientId: "c", expiryInterval: 3600, store: disk.store() },
      reconnect: { delay: () => Math.floor(random() * 20), maximumTakeovers: 0 },
    });
    client.on("attemptFailed", () => undefined);
    client.on("publishFailed", ({ error }) => life === this.crashes && this.failed.push(error.code));
    client.subscribe("down", { qos }, (m) => life === this.crashes && this.handed.push(m.text()));
    this.client = client;
  }

  publish(): void {
    const text = String(this.next++);
    const life = this.crashes;
    const { stored } = (this.client as Client).publish("up", text, { qos: this.qos });
    stored.then(
      () => life === this.crashes && this.stored.push(text),
      () => undefined,
    );
  }

  deliver(): void {
    if (this.server.links.length > 0 && this.nextDown < MESSAGES) this.server.deliver(String(this.nextDown++));
  }

  async crash(): Promise<void> {
    this.crashes++;
    this.disk.crash(this.random() < 0.5);
    for (const link of this.server.links) link.cut();
    void this.client?.abort();
    await turn();
  }

  async run(): Promise<void> {
    const { random, disk, clock } = this;
    this.start();
    // The parts that are loaded on demand take their time at first.
    // oxlint-disable-next-line no-await-in-loop
    while (this.server.links.length === 0) await turn();
    while (this.next < MESSAGES) {
      for (let burst = Math.floor(random() * 4); burst > 0; burst--) this.publish();
      if (random() < 0.5) this.deliver();
      if (random() < 0.05) disk.fault = disk.fault === undefined ? new Error("full") : undefined;
      // oxlint-disable-next-line no-await-in-loop -- Time passes step by step.
      for (let turns = Math.floor(random() * 5); turns >= 0; turns--) await turn();
      if (random() < 0.5) await clock.advance(Math.floor(random() * 30));
      if (random() < 0.06) {
        await this.crash();
        this.start();
      }
    }
    await this.settle();
  }

  /** Everything goes well from here on, until nothing is left to be done. */
  private async settle(): Promise<void> {
    const { disk, clock, server } = this;
    disk.fault = undefined;
    this.isCalm = true;
    while (this.nextDown < MESSAGES) this.deliver();
    for (let round = 0; round < 60; round++) {
      // oxlint-disable-next-line no-await-in-loop
      await clock.advance(100);
    }
    await (this.client as Client).close();
    expect([server.isIdle, [...disk.records.keys()].toSorted()]).toEqual([true, ["sdown", "session"]]);
  }
}

const onlyFirst = (texts: readonly string[]): string[] => [...new Set(texts)];
const numbers = Array.from({ length: MESSAGES }, (_, i) => String(i));

test.each([
  [1, 4],
  [1, 5],
  [2, 4],
  [2, 5],
] as const)(
  `QoS %i, version %i: ${RUNS} lives among cuts, crashes and full disks (BOWLINE_SEED=${first})`,
  async (qos, version) => {
    let crashes = 0;
    for (let seed = first; seed < first + RUNS; seed++) {
      const world = new World(seed, qos, version);
      // oxlint-disable-next-line no-await-in-loop -- One world after the other.
      await world.run();
      crashes += world.crashes;
      const { stored, handed, failed, server } = world;
      const taken = new Set(server.taken);
      const lost = stored.filter((text) => !taken.has(text));
      expect([seed, lost]).toEqual([seed, []]);
      expect([seed, numbers.filter((text) => !handed.includes(text))]).toEqual([seed, []]);
      expect([seed, failed.filter((code) => code !== "STORE_FAILED")]).toEqual([seed, []]);
      expect([seed, onlyFirst(server.taken)]).toEqual([seed, [...taken].toSorted((a, b) => Number(a) - Number(b))]);
      if (qos === 2) {
        expect([seed, server.taken.length]).toEqual([seed, taken.size]);
        // Only a crash brings one again, and each crash only once.
        const most = Math.max(...numbers.map((text) => handed.filter((other) => other === text).length));
        expect(most).toBeLessThanOrEqual(1 + world.crashes);
      }
    }
    expect(crashes).toBeGreaterThan(RUNS / 4);
  },
);
