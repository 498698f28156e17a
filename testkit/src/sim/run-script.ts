import { payloadOf } from "./oracle/message-name.ts";
import { CoreClient } from "./core-client.ts";
import type { ClientSpec, Script, SimEvent } from "./script.ts";
import { type PlantedFaults, SimWorld, WATCHER } from "./sim-world.ts";

/** What a run came to. */
export interface RunReport {
  /** Empty when all was as it must be. */
  readonly violations: readonly string[];
  /** Every packet and event, when asked for. */
  readonly history: readonly string[];
  readonly counts: RunCounts;
}

export interface RunCounts {
  published: number;
  delivered: number;
  connections: number;
  cuts: number;
  crashes: number;
  takeovers: number;
  wills: number;
  willsSeen: number;
  commits: number;
}

export interface RunOptions {
  readonly faults?: PlantedFaults;
  /** Keeps the history. */
  readonly records?: boolean;
}

const LAST_EVENTS_MS = 150;
/** Ms of quiet after which what has not come does not come. */
const HEAL_STEPS = 60;
const HEAL_STEP_MS = 150;

/** Runs a script to its end: all of its events, then calm, until everything owed has come; then judges what is left over. */
export async function runScript(script: Script, options: RunOptions = {}): Promise<RunReport> {
  const world = new SimWorld(script, options.faults);
  const { oracle } = world;
  oracle.records = options.records === true;
  try {
    await world.start();
    for (const event of script.events) {
      await world.clock.advance(Math.max(0, event.at + STARTED_AT - world.clock.now()));
      if (oracle.violations.length > 0) break;
      act(world, event);
    }
    // What the last events began may still go wrong.
    await world.clock.advance(LAST_EVENTS_MS);
    if (oracle.violations.length === 0) await finish(world);
  } catch (error) {
    oracle.violated(`the run broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  const { all } = oracle.wills;
  return {
    violations: oracle.violations,
    history: oracle.history,
    counts: {
      published: oracle.publications.size,
      delivered: oracle.deliveries,
      connections: world.connections,
      cuts: world.cuts,
      crashes: oracle.crashes,
      takeovers: oracle.takeovers,
      wills: all.size,
      willsSeen: [...all.values()].filter(({ isSeen }) => isSeen).length,
      commits: world.store.commits,
    },
  };
}

/** Events count from here: by then the watcher is there. */
const STARTED_AT = 200;

function act(world: SimWorld, event: SimEvent): void {
  const { oracle } = world;
  const { id, at: _at, ...action } = event;
  oracle.note(() => `--- #${id} ${JSON.stringify(action)}`);
  if (event.do === "disk") {
    world.store.commitMs = event.commitMs;
    return;
  }
  if (event.do === "crash") {
    const { commits, side, bytes, downMs } = event;
    if (commits === 0) world.crash(bytes, downMs);
    else world.store.crashAt(commits, side, () => world.crash(bytes, downMs));
    return;
  }
  const client = world.clients[event.client];
  if (client === undefined) return;
  const link = client.tap?.inner.link;
  switch (event.do) {
    case "connect":
      client.connect(event.clean, event.will);
      return;
    case "subscribe":
      client.subscribe(event.filters, event.identifier);
      return;
    case "unsubscribe":
      client.unsubscribe(event.filters);
      return;
    case "publish":
      publish(world, event);
      return;
    case "disconnect":
      client.disconnect(event.reasonCode, event.ends);
      return;
    case "crash-client":
      client.crash(event.bytes);
      return;
    case "cut":
      if (link === undefined) return;
      world.cuts++;
      link[event.direction].cutAfter(link[event.direction].deliveredBytes + event.afterBytes, event.kind);
      return;
    case "stall":
      if (event.what === "link") link?.stall();
      else client.tap?.inner.pause();
      return;
    case "release":
      link?.release();
      client.tap?.inner.resume();
      return;
    case "latency":
      if (link !== undefined) link.options.latencyMs = event.ms;
      return;
  }
}

function publish(world: SimWorld, event: Extract<SimEvent, { do: "publish" }>): void {
  const { id, topic, qos, retain, size, expiry } = event;
  const client = world.clients[event.client]!;
  const message = `m${id}`;
  if (size === 0) {
    client.publish(topic, new Uint8Array(0), qos, retain, 0);
    return;
  }
  const lifetime = client.spec.version === 5 ? expiry : 0;
  world.oracle.published({ message, client: client.name, topicName: topic, qos, retain, size, expiry: lifetime });
  client.publish(topic, payloadOf(message, size), qos, retain, lifetime);
}

async function finish(world: SimWorld): Promise<void> {
  const { oracle, clock } = world;
  world.store.commitMs = 0;
  world.store.crashAt(Number.POSITIVE_INFINITY, "after", () => undefined);
  for (const link of world.network.links) {
    link.options.latencyMs = 0;
    link.release();
    link.client.resume();
  }
  await clock.advance(500);
  for (const client of world.clients) client.heal();
  const isDone = (): boolean => oracle.outstanding().length === 0 && leftOver(world).length === 0 && isWillDone(world);
  for (let i = 0; i < HEAL_STEPS && (i < 3 || !isDone()) && oracle.violations.length === 0; i++) await clock.advance(HEAL_STEP_MS);
  if (oracle.violations.length > 0) return;
  for (const what of oracle.outstanding()) oracle.violated(what);
  for (const will of oracle.wills.missing(clock.now()))
    oracle.violated(`the will ${will.message} of ${will.client} was never sent`);
  for (const what of leftOver(world)) oracle.violated(`after all is quiet: ${what}`);
  await checkRetained(world);
  await close(world);
}

function isWillDone({ oracle, clock }: SimWorld): boolean {
  const now = clock.now();
  return [...oracle.wills.all.values()].every(
    (will) => will.state !== "due" || will.isSeen || (will.qos === 0 && will.dueBy < now),
  );
}

function leftOver(world: SimWorld): string[] {
  const left = world.clients.flatMap((client) => client.leftOver());
  const { broker, store } = world;
  if (broker === undefined) return [...left, "the broker is down"];
  for (const { session } of broker.connections()) {
    if (session === undefined) continue;
    const { inFlight, queue, inbound } = session.state;
    if (inFlight.count + queue.length + inbound.size === 0) continue;
    left.push(
      `the broker holds ${inFlight.count} in flight, ${queue.length} queued, ${inbound.size} unreleased for ${session.clientIdentifier}`,
    );
  }
  if (!store.isIdle) left.push("rows are not committed");
  const held = new Set([...store.kept.retained.values()].map(({ messageId }) => messageId));
  for (const rows of store.kept.sessions.values()) for (const entry of rows.queue.values()) held.add(entry.messageId);
  const lost = [...store.kept.messages.keys()].filter((id) => !held.has(id));
  if (lost.length > 0) left.push(`${lost.length} messages in the store belong to nobody`);
  return left;
}

/** A stranger subscribes to everything and sees the retained messages as the model has them. */
async function checkRetained(world: SimWorld): Promise<void> {
  const { oracle, clock } = world;
  const found = new Map<string, string>();
  const spec: ClientSpec = { ...WATCHER, expiry: 0, reconnectMs: 1 };
  const probe = world.makeClient("probe", spec);
  const received = oracle.received.bind(oracle);
  oracle.received = (client, topicName, payload, qos, retain) => {
    // Others, such as a will that falls due just now, come as what they are.
    if (client === "probe" && retain) found.set(topicName, Buffer.from(payload).toString("latin1").split("|")[0]!);
    received(client, topicName, payload, qos, retain);
  };
  probe.connect(true, undefined);
  await clock.advance(10);
  probe.subscribe([{ topicFilter: "#", qos: 2 }], 0);
  await clock.advance(50);
  for (const topicName of new Set([...found.keys(), ...oracle.retained.topicNames])) {
    const possible = oracle.retainedOf(topicName);
    const isMortal = possible.some((message) => (oracle.publications.get(message ?? "")?.expiry ?? 0) > 0);
    const is = found.get(topicName);
    if (possible.includes(is) || (isMortal && is === undefined)) continue;
    oracle.violated(
      `the retained message of ${topicName} is ${is ?? "none"} and must be ${possible.map((one) => one ?? "none").join(" or ")}`,
    );
  }
  probe.close();
}

async function close(world: SimWorld): Promise<void> {
  const { oracle, clock, broker } = world;
  for (const client of world.clients) client.close();
  world.watcher.close();
  await clock.advance(1_000);
  if (broker !== undefined) {
    const closed = broker.close();
    await clock.advance(2_000);
    await closed;
    if (world.brokerClock.pendingTimers > 0) oracle.violated(`the broker left ${world.brokerClock.pendingTimers} timers`);
    const open = [...broker.connections()].length;
    if (open > 0) oracle.violated(`the broker left ${open} connections`);
  }
  for (const client of world.clients) {
    if (client instanceof CoreClient && client.pendingTimers > 0)
      oracle.violated(`${client.name} left ${client.pendingTimers} timers`);
  }
  await clock.advance(6_000);
  if (world.network.links.length > 0) oracle.violated(`${world.network.links.length} links are left`);
}
