import type { QoS } from "@bowline/protocol";
import { seededRandom } from "../virtual/index.ts";
import type { ClientSpec, FilterSpec, Script, SimAction, SimEvent, WillSpec } from "./script.ts";

const TOPICS = ["t/1", "t/2", "t/1/x", "s/1", "s/2"] as const;
const FILTERS = ["t/1", "t/2", "t/+", "t/#", "+/1", "t/1/x", "#", "$share/g/s/+", "$share/g/s/1", "$share/h/s/#"] as const;

/** Draws from one seed, in one order. */
class Draw {
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  /** From 0 to below n. */
  below(n: number): number {
    return Math.floor(this.random() * n);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  qos(): QoS {
    return this.pick([0, 1, 1, 2, 2]);
  }
}

/** What happens to a world of clients and one broker, drawn from a seed. */
export function generateScript(seed: number): Script {
  const draw = new Draw(seed);
  const broker = {
    receiveMaximum: draw.pick([1, 2, 5, 0xffff]),
    topicAliasMaximum: draw.pick([0, 2, 16]),
    maximumInFlight: draw.pick([2, 1000]),
    commitMs: draw.pick([0, 0, 1, 7, 40]),
  };
  const clients = Array.from({ length: 2 + draw.below(4) }, () => drawClient(draw));
  const events: SimEvent[] = [];
  let at = 0;
  const add = (action: SimAction): void => void events.push({ id: events.length, at, ...action });
  for (const [client, spec] of clients.entries()) {
    if (spec.kind === "engine") add({ do: "connect", client, clean: draw.chance(0.5), ...drawWill(draw, 0.5) });
  }
  at += 10 + 3 * broker.commitMs;
  for (const client of clients.keys()) if (draw.chance(0.8)) add(drawSubscribe(draw, client));
  const length = 25 + draw.below(50);
  for (let i = 0; i < length; i++) {
    at += draw.chance(0.06) ? 200 + draw.below(2500) : draw.below(25);
    add(drawAction(draw, draw.below(clients.length)));
  }
  return { seed, broker, clients, events };
}

function drawClient(draw: Draw): ClientSpec {
  const kind = draw.chance(0.25) ? "core" : "engine";
  const version = draw.chance(0.65) ? 5 : 4;
  const spec: ClientSpec = {
    kind,
    version,
    expiry: draw.pick(kind === "core" ? [1000] : [0, 1, 1000, 1000, 1000]),
    receiveMaximum: draw.pick([0, 1, 2, 10]),
    topicAliasMaximum: draw.pick([0, 1, 8]),
    maximumPacketSize: version === 5 ? draw.pick([0, 0, 0, 256]) : 0,
    acknowledgeMs: draw.pick([0, 0, 5, 60]),
    reconnectMs: draw.pick([1, 10, 100]),
    keepAlive: kind === "core" ? draw.pick([0, 2]) : 0,
  };
  return kind === "core" ? { ...spec, ...drawWill(draw, 0.5) } : spec;
}

function drawWill(draw: Draw, probability: number): { will?: WillSpec } {
  if (!draw.chance(probability)) return {};
  return { will: { qos: draw.qos(), retain: draw.chance(0.2), delay: draw.pick([0, 0, 1, 2]) } };
}

function drawSubscribe(draw: Draw, client: number): SimAction {
  const filters = new Map<string, FilterSpec>();
  for (let i = 1 + draw.below(3); i > 0; i--) {
    const topicFilter = draw.pick(FILTERS);
    const filter: FilterSpec = { topicFilter, qos: draw.qos() };
    if (draw.chance(0.15)) filter.noLocal = true;
    if (draw.chance(0.2)) filter.retainAsPublished = true;
    if (draw.chance(0.3)) filter.retainHandling = draw.pick([1, 2]);
    filters.set(topicFilter, filter);
  }
  return { do: "subscribe", client, filters: [...filters.values()], identifier: draw.chance(0.3) ? 1 + draw.below(300) : 0 };
}

function drawPublish(draw: Draw, client: number): SimAction {
  const topic = draw.pick(TOPICS);
  const retain = draw.chance(0.12);
  const size = retain && draw.chance(0.3) ? 0 : draw.pick([8, 8, 8, 40, 400]);
  return { do: "publish", client, topic, qos: draw.qos(), retain, size, expiry: draw.chance(0.08) ? 1 : 0 };
}

function drawAction(draw: Draw, client: number): SimAction {
  const kind = draw.below(100);
  if (kind < 52) return drawPublish(draw, client);
  if (kind < 60) return drawSubscribe(draw, client);
  if (kind < 62) return { do: "unsubscribe", client, filters: [draw.pick(FILTERS)] };
  if (kind < 68) return { do: "connect", client, clean: draw.chance(0.15), ...drawWill(draw, 0.5) };
  if (kind < 71) return { do: "disconnect", client, reasonCode: draw.pick([0, 0, 4]), ends: draw.chance(0.3) };
  if (kind < 82) {
    const direction = draw.pick(["fromClient", "fromServer"] as const);
    return { do: "cut", client, direction, afterBytes: draw.below(80), kind: draw.pick(["reset", "end"]) };
  }
  if (kind < 85) return { do: "stall", client, what: draw.pick(["link", "reading"]) };
  if (kind < 89) return { do: "release", client };
  if (kind < 91) return { do: "latency", client, ms: draw.pick([0, 3, 30]) };
  if (kind < 93) return { do: "crash-client", client, bytes: draw.pick(["lost", "sent"]) };
  if (kind < 96) return { do: "disk", commitMs: draw.pick([0, 1, 7, 40]) };
  return {
    do: "crash",
    commits: draw.below(4),
    side: draw.pick(["before", "after"]),
    bytes: draw.pick(["lost", "sent"]),
    downMs: draw.pick([0, 5, 200]),
  };
}
