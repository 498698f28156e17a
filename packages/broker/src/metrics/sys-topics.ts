import type { TenantFigures } from "./tenant-figures.ts";
import { DROPS, droppedOf } from "./broker-metrics.ts";
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

const LOADS = [
  ["messages/received", "messagesReceived"],
  ["messages/sent", "messagesSent"],
  ["publish/received", "messagesReceived"],
  ["publish/sent", "messagesSent"],
  ["bytes/received", "bytesReceived"],
  ["bytes/sent", "bytesSent"],
  ["connections", "connectionsAccepted"],
] as const;

/** The moving averages of one tenant. */
export class SysLoads {
  readonly #loads: { name: string; key: (typeof LOADS)[number][1]; last: number; values: number[] }[] = LOADS.map(
    ([name, key]) => ({
      name,
      key,
      last: 0,
      values: [0, 0, 0],
    }),
  );

  /** Takes in what happened in the seconds since the last call. */
  sample({ counters }: TenantFigures, seconds: number): readonly SysLoad[] {
    for (const load of this.#loads) {
      const perMinute = ((counters[load.key] - load.last) * 60) / seconds;
      load.last = counters[load.key];
      LOAD_MINUTES.forEach((minutes, i) => {
        const weight = Math.exp(-seconds / (minutes * 60));
        load.values[i] = perMinute + weight * ((load.values[i] ?? 0) - perMinute);
      });
    }
    return this.#loads;
  }
}
