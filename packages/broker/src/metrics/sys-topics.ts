import type { TenantFigures } from "./tenant-figures.ts";
import { DROPS, droppedOf } from "./broker-metrics.ts";
import type { Counters } from "./counters.ts";
import { droppedIn } from "./drops.ts";
import type { Session } from "../sessions/session.ts";

/** What is told of the whole broker; it is the same for every tenant. */
export interface SysFacts {
  readonly version: string;
  readonly uptimeSeconds: number;
}

/** The topics below `$SYS/broker/` that mosquitto has made common, for one tenant and with its own figures. */
export function sysTopics(
  figures: TenantFigures,
  facts: SysFacts,
  loads: readonly SysLoad[],
  losers: readonly Session[],
): [topicName: string, value: string][] {
  const { counters, connections, sessions } = figures;
  const disconnected = Math.max(0, sessions - connections);
  const rows: [string, number | string][] = [
    ["version", `bowline version ${facts.version}`],
    ["uptime", `${facts.uptimeSeconds} seconds`],
    ["clients/connected", connections],
    ["clients/disconnected", disconnected],
    ["clients/total", connections + disconnected],
    ["clients/maximum", figures.maximumConnections],
    // Their old names, which dashboards still ask for.
    ["clients/active", connections],
    ["clients/inactive", disconnected],
    ["messages/received", counters.messagesReceived],
    ["messages/sent", counters.messagesSent],
    ["publish/messages/received", counters.messagesReceived],
    ["publish/messages/sent", counters.messagesSent],
    ["publish/messages/dropped", droppedOf(counters)],
    ...DROPS.map(([reason, key]): [string, number] => [`publish/messages/dropped/${reason}`, counters[key]]),
    ["clients/dropped", JSON.stringify(losers.map(loserOf))],
    ["bytes/received", counters.bytesReceived],
    ["bytes/sent", counters.bytesSent],
    ["retained messages/count", figures.retainedMessages],
    ["store/messages/count", figures.retainedMessages + figures.queuedMessages],
    ["store/messages/bytes", figures.retainedBytes + figures.queuedBytes],
    ["messages/stored", figures.retainedMessages + figures.queuedMessages],
    ["subscriptions/count", figures.subscriptions],
  ];
  const loadRows = loads.flatMap(({ name, values }) =>
    LOAD_MINUTES.map((minutes, i): [string, string] => [`load/${name}/${minutes}min`, (values[i] ?? 0).toFixed(2)]),
  );
  return [...rows, ...loadRows].map(([name, value]) => [`$SYS/broker/${name}`, String(value)]);
}

/** One of the clients that lost most, in `clients/dropped`. */
function loserOf({ clientIdentifier, owner, drops, state }: Session): Record<string, string | number> {
  return { clientId: clientIdentifier, owner, dropped: droppedIn(drops?.total), queued: state.queue.length };
}

const LOAD_MINUTES = [1, 5, 15] as const;

/** How much of something came per minute, as moving averages over 1, 5 and 15 minutes. */
export interface SysLoad {
  readonly name: string;
  readonly values: readonly number[];
}

const LOADS: readonly (readonly [string, (counters: Counters) => number])[] = [
  ["messages/received", ({ messagesReceived }) => messagesReceived],
  ["messages/sent", ({ messagesSent }) => messagesSent],
  ["publish/received", ({ messagesReceived }) => messagesReceived],
  ["publish/sent", ({ messagesSent }) => messagesSent],
  ["publish/dropped", droppedOf],
  ["bytes/received", ({ bytesReceived }) => bytesReceived],
  ["bytes/sent", ({ bytesSent }) => bytesSent],
  ["connections", ({ connectionsAccepted }) => connectionsAccepted],
  ["sockets", ({ connectionsAccepted, connectionsRefused }) => connectionsAccepted + connectionsRefused],
];

/** The moving averages of one tenant. */
export class SysLoads {
  readonly #loads = LOADS.map(([name, countOf]) => ({ name, countOf, last: 0, values: [0, 0, 0] }));

  /** Takes in what happened in the seconds since the last call. */
  sample({ counters }: TenantFigures, seconds: number): readonly SysLoad[] {
    for (const load of this.#loads) {
      const count = load.countOf(counters);
      const perMinute = ((count - load.last) * 60) / seconds;
      load.last = count;
      LOAD_MINUTES.forEach((minutes, i) => {
        const weight = Math.exp(-seconds / (minutes * 60));
        load.values[i] = perMinute + weight * ((load.values[i] ?? 0) - perMinute);
      });
    }
    return this.#loads;
  }
}
