// Two tenants with the same users, Client Identifiers and topics. Clients of both come, subscribe, publish, leave, are taken over, kicked and
// banned in random order, over TLS and WebSocket, 3.1.1 and 5.0, with a restart in the middle. Every message says whose it is. Invariants:
// no client gets a message of the other tenant; none loses its connection by what happens there; neither the admin API with a tenant's
// key, whatever it is asked, nor a trace, the metrics, the log, `$SYS` or a TLS session tells of the other. Both ask one webhook for rights, which
// answers each of them otherwise: it is told whose client it is, and no answer serves the other.
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Client } from "@bowline/client";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { seededRandom } from "../virtual/index.ts";
import { HookServer, parsePrometheus } from "../broker/index.ts";
import { TenantWorld, USERS } from "./tenant-world.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const NAMES = ["acme", "beta"] as const;
const IDS = ["one", "two", "three"];
const TOPICS = ["a", "a/b", "a/b/c", "b"];
const FILTERS = ["#", "a/#", "+/b", "b", "$share/group/a/#", "$share/group/#", "$SYS/#"];
const STEPS = isLong ? 3_000 : 150;
const seeds = process.env["BOWLINE_SEED"] === undefined ? [Date.now() % 1e9] : [Number(process.env["BOWLINE_SEED"])];
/** What the webhook keeps for one tenant. Who was refused there reads the topic again in its own tenant, so it does not hold the name. */
const topicOf = (tenant: string): string => `only/${NAMES.findIndex((name) => name === tenant)}`;

let world: TenantWorld;
const hook = new HookServer();
/** Tenants that the webhook was told of by the path that is theirs. */
const toldOf = new Set<string>();
const mistold: string[] = [];
beforeAll(async () => {
  await hook.start();
  hook.handle = (asked, body, response) => {
    const { tenant, topic } = JSON.parse(body) as { tenant: string; topic: string };
    if (asked.url === `/hook/${tenant}`) toldOf.add(tenant);
    else mistold.push(`${asked.url} was told of ${tenant}`);
    HookServer.json({ result: topic.startsWith("only/") ? (topic === topicOf(tenant) ? "allow" : "deny") : "ignore" })(
      asked,
      body,
      response,
    );
  };
  const named = Object.fromEntries(
    NAMES.map((name) => [name, { authorization: [{ kind: "webhook" as const, url: `${hook.url}/${name}`, cacheSeconds: 600 }] }]),
  );
  world = await TenantWorld.start(NAMES, { tenants: { named } });
}, 30_000);
afterAll(async () => {
  await world.end();
  await hook.stop();
});

/** One client of one tenant, and what it saw. */
interface Guest {
  readonly tenant: string;
  readonly id: string;
  readonly user: string;
  readonly version: 4 | 5;
  readonly client: Client;
  /** We, or its own tenant, ended it. */
  isEnding: boolean;
}

class Visit {
  readonly violations: string[] = [];
  received = 0;
  private readonly guests = new Map<string, Guest>();
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  pick<T>(all: readonly T[]): T {
    return all[Math.floor(this.random() * all.length)]!;
  }

  async step(i: number): Promise<void> {
    const tenant = this.pick(NAMES);
    const id = this.pick(IDS);
    const guest = this.guests.get(`${tenant} ${id}`);
    const dice = this.random();
    if (guest === undefined || dice < 0.15) await this.come(tenant, id);
    else if (dice < 0.4) await this.subscribe(guest);
    else if (dice < 0.8) await this.publish(guest, i);
    else if (dice < 0.85) await this.publishWhereAsked(guest, i);
    else if (dice < 0.9) await this.leave(guest);
    else if (dice < 0.95) await this.cut(guest);
    else await this.expel(guest);
  }

  /** In place of the one there is, which is taken over, or comes beside it when it is another user. */
  private async come(tenant: string, id: string): Promise<void> {
    const key = `${tenant} ${id}`;
    const old = this.guests.get(key);
    if (old !== undefined) old.isEnding = true;
    const user = this.pick(USERS);
    const isKept = this.random() < 0.5;
    const version = this.pick([4, 5] as const);
    const client = world.dial(this.pick(["mqtts", "wss"]), tenant, user, {
      protocolVersion: version,
      session: { clientId: id, ...(isKept ? { expiryInterval: 600, cleanStart: false } : { expiryInterval: 0 }) },
      will: { topicName: this.pick(TOPICS), payload: `${tenant}:will`, retain: this.random() < 0.5, qos: 1 },
    });
    const guest: Guest = { tenant, id, user, version, client, isEnding: false };
    client.on("message", (message) => {
      this.received++;
      if (message.topicName.startsWith("$SYS/")) return;
      if (!message.text().startsWith(`${tenant}:`)) this.violations.push(`${key} got ${message.text()} by ${message.topicName}`);
    });
    client.on("connectionLost", ({ code }) => {
      if (!guest.isEnding) this.violations.push(`${key} lost its connection: ${code}`);
    });
    await client.online();
    this.guests.set(key, guest);
    await old?.client.abort();
  }

  private async subscribe({ client }: Guest): Promise<void> {
    const subscription = client.subscribe(this.pick(FILTERS), { qos: this.pick([0, 1, 2] as const) });
    // Read by the listener, so that what comes by another filter of a kept Session is seen too.
    void (async () => {
      for await (const _ of subscription);
    })().catch(() => {});
    await subscription.ready.catch(() => {});
  }

  private async publish({ client, tenant }: Guest, i: number): Promise<void> {
    const qos = this.pick([0, 1, 2] as const);
    const publication = client.publish(this.pick(TOPICS), `${tenant}:${i}`, { qos, retain: this.random() < 0.3 });
    // One that was banned a moment ago cannot.
    await Promise.resolve(publication).catch(() => {});
  }

  /** To the topic that the webhook keeps for one of the two; before 5.0 a refusal would end the connection. */
  private async publishWhereAsked({ client, tenant, version }: Guest, i: number): Promise<void> {
    const whose = version === 5 ? this.pick(NAMES) : tenant;
    const code = await client.publish(topicOf(whose), `${tenant}:${i}`, { qos: 1 }).then(
      () => 0,
      ({ reasonCode }: { reasonCode?: number }) => reasonCode,
    );
    if ((code === 0x87) === (whose === tenant)) this.violations.push(`${tenant} was answered ${code} at ${topicOf(whose)}`);
  }

  private async leave(guest: Guest): Promise<void> {
    guest.isEnding = true;
    this.guests.delete(`${guest.tenant} ${guest.id}`);
    await guest.client.close();
  }

  /** Without DISCONNECT: its will is published. */
  private async cut(guest: Guest): Promise<void> {
    guest.isEnding = true;
    this.guests.delete(`${guest.tenant} ${guest.id}`);
    await guest.client.abort();
  }

  /** By its own tenant: kicked, or banned for a moment. Its namesake at the other tenant notices nothing. */
  private async expel({ tenant, id, user }: Guest): Promise<void> {
    const mine = [...this.guests.values()].filter((each) => each.tenant === tenant);
    const ban = this.pick([
      { kind: "client", value: id },
      { kind: "user", value: user },
    ] as const);
    for (const each of mine.filter((one) => (ban.kind === "client" ? one.id === id : one.user === user))) {
      each.isEnding = true;
      this.guests.delete(`${tenant} ${each.id}`);
    }
    await socketRequest("POST", `/api/v1/tenants/${tenant}/bans`, ban);
    await expect(world.dial("mqtts", tenant, user, { session: { clientId: id } }).online()).rejects.toMatchObject({
      reasonCode: 0x8a,
    });
    await this.comesIn(NAMES.find((name) => name !== tenant)!, id, user, ban.kind);
    await socketRequest("DELETE", `/api/v1/tenants/${tenant}/bans/${ban.kind}/${ban.value}`);
  }

  /** A namesake of who was banned at the other tenant, who takes nobody's connection there. */
  private async comesIn(tenant: string, id: string, user: string, kind: "client" | "user"): Promise<void> {
    const there = this.guests.get(`${tenant} ${id}`);
    const namesake = kind === "user" ? { user, id: "namesake" } : { user: USERS.find((each) => each !== there?.user)!, id };
    const probe = world.dial("mqtts", tenant, namesake.user, { session: { clientId: namesake.id } });
    await probe.online().catch((error: unknown) => this.violations.push(`${tenant} refused ${namesake.id}: ${String(error)}`));
    await probe.abort();
  }

  /** How many are connected, by tenant. */
  count(tenant: string): number {
    return [...this.guests.values()].filter((each) => each.tenant === tenant).length;
  }

  async end(): Promise<void> {
    for (const guest of this.guests.values()) {
      guest.isEnding = true;
      await guest.client.abort();
    }
    this.guests.clear();
  }
}

async function operatorKey(): Promise<string> {
  const { key, secret } = await world.server.keys.create({ name: "test", access: "full" });
  return basic(key.id, secret.reveal());
}

function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;
}

let operators: string | undefined;
async function socketRequest(method: string, path: string, value?: unknown): Promise<unknown> {
  operators ??= await operatorKey();
  return request(operators, method, path, value);
}

async function request(authorization: string, method: string, path: string, value?: unknown): Promise<unknown> {
  const headers = { authorization, "content-type": "application/json" };
  const body = value === undefined ? {} : { body: JSON.stringify(value) };
  const response = await fetch(`${world.server.adminOrigin}${path}`, { method, headers, ...body });
  const text = await response.text();
  return text === "" ? undefined : JSON.parse(text);
}

test.each(seeds)(
  "nothing crosses between two tenants with the same names (seed %i)",
  async (seed) => {
    const visit = new Visit(seed);
    const traces = new Map<string, TraceReader>();
    const watch = async (): Promise<void> => {
      for (const name of NAMES) traces.set(name, await TraceReader.open(name));
    };
    try {
      await watch();
      for (let i = 0; i < STEPS; i++) {
        if (i === Math.floor(STEPS / 2)) {
          await visit.end();
          for (const [name, trace] of traces) visit.violations.push(...trace.foreign(name));
          await world.restart();
          await watch();
        }
        await visit.step(i);
      }
      for (const [name, trace] of traces) visit.violations.push(...trace.foreign(name));
      expect(visit.violations).toEqual([]);
      expect([mistold, toldOf]).toEqual([[], new Set(NAMES)]);
      expect(visit.received).toBeGreaterThan(STEPS / 10);
      await tellsOnlyOfItself(visit);
    } finally {
      await visit.end();
    }
  },
  isLong ? 600_000 : 60_000,
);

/** A trace of all that a tenant's own key may see. */
class TraceReader {
  private text = "";

  static async open(tenant: string): Promise<TraceReader> {
    const reader = new TraceReader();
    const headers = { authorization: await keyOf(tenant) };
    const response = await fetch(`${world.server.adminOrigin}/api/v1/trace?seconds=3600&packets=1000000`, { headers });
    expect(response.status).toBe(200);
    void (async () => {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) reader.text += chunk;
    })().catch(() => {});
    return reader;
  }

  /** Payloads in it that are not the tenant's own. */
  foreign(tenant: string): string[] {
    const payloads = [...this.text.matchAll(/"text":"([a-z]+):/g)].map(([, whose]) => whose);
    if (payloads.length === 0) return [`the trace of ${tenant} shows no payload`];
    return payloads.filter((whose) => whose !== tenant).map((whose) => `the trace of ${tenant} shows ${whose}`);
  }
}

async function keyOf(tenant: string): Promise<string> {
  const { key, secret } = await world.server.keys.create({ tenant, name: "own", access: "full" });
  return basic(key.id, secret.reveal());
}

/** Admin API, metrics and log, while clients of both are connected. */
async function tellsOnlyOfItself(visit: Visit): Promise<void> {
  const connectedAt = (name: string): number =>
    [...world.server.broker.connections()].filter(({ tenant, session }) => tenant.name === name && session !== undefined).length;
  // Of one that was cut the broker hears a moment later.
  await vi.waitFor(() => expect(NAMES.map(connectedAt)).toEqual(NAMES.map((name) => visit.count(name))), 5_000);
  const metrics = parsePrometheus(await (await fetch(`${world.server.adminOrigin}/metrics`)).text());
  for (const name of NAMES) {
    const own = await keyOf(name);
    const other = NAMES.find((each) => each !== name)!;
    const { paths } = (await request(own, "GET", "/api/v1/openapi.json")) as { paths: Record<string, { get?: object }> };
    const plain = Object.entries(paths).filter(
      ([path, { get }]) => get !== undefined && !path.includes("{") && !path.endsWith("/trace"),
    );
    expect(plain.length).toBeGreaterThan(8);
    for (const [path] of plain) expect(`${path} ${JSON.stringify(await request(own, "GET", path))}`).not.toContain(other);
    const { data } = (await request(own, "GET", "/api/v5/clients?conn_state=connected")) as { data: { peersni: string }[] };
    expect(data).toHaveLength(visit.count(name));
    for (const { peersni } of data) expect(peersni).toBe(`${name}.localhost`);
    expect(metrics.value("bowline_connections", { tenant: name })).toBe(visit.count(name));
    const { entries } = (await request(own, "GET", "/api/v1/audit")) as { entries: { tenant: string }[] };
    for (const { tenant } of entries) expect(tenant).toBe(name);
    const { router } = world.server.broker.tenantNamed(name)!;
    for (const { value } of router.retained.entries())
      expect(Buffer.from(value.payload).toString()).toMatch(new RegExp(`^${name}:`));
  }
  const about = world.log.filter((line) => line["clientId"] !== undefined);
  expect(about.length).toBeGreaterThan(0);
  for (const line of about) expect(NAMES).toContain(line["tenant"]);
}

test("$SYS tells each tenant of its own clients alone", async () => {
  const guests = [
    world.dial("mqtts", "acme", "ann", { session: { clientId: "s1" } }),
    world.dial("mqtts", "acme", "ann", { session: { clientId: "s2" } }),
    world.dial("mqtts", "beta", "ann", { session: { clientId: "s1" } }),
  ];
  await Promise.all(guests.map((guest) => guest.online()));
  const connectedOf = async (guest: Client, expected: string): Promise<void> => {
    for await (const message of guest.subscribe("$SYS/broker/clients/connected")) if (message.text() === expected) return;
  };
  await Promise.all([connectedOf(guests[0]!, "2"), connectedOf(guests[2]!, "1")]);
  await Promise.all(guests.map((guest) => guest.abort()));
}, 20_000);

test.each(["TLSv1.2", "TLSv1.3"] as const)("a %s session of one tenant is a stranger at the other", async (version) => {
  const port = Number(new URL(world.url("mqtts", "acme").replace("mqtts", "http")).port);
  const ca = world.server.localCa!.certificate;
  const dial = (tenant: string, session?: Buffer): Promise<TLSSocket> =>
    new Promise((resolve, reject) => {
      const servername = `${tenant}.localhost`;
      const versions = { minVersion: version, maxVersion: version };
      const socket = connectTls({
        host: "127.0.0.1",
        port,
        servername,
        ca,
        ...versions,
        ...(session === undefined ? {} : { session }),
      });
      socket.once("secureConnect", () => resolve(socket)).once("error", reject);
    });
  const first = await dial("acme");
  const session = await new Promise<Buffer>((resolve) => {
    first.once("session", resolve);
    if (version === "TLSv1.2") resolve(first.getSession()!);
  });
  first.destroy();
  const again = await dial("acme", session);
  expect(again.isSessionReused()).toBe(true);
  again.destroy();
  const stranger = await dial("beta", session);
  expect(stranger.isSessionReused()).toBe(false);
  expect(stranger.getPeerCertificate().subjectaltname).toBe("DNS:beta.localhost");
  stranger.destroy();
});
