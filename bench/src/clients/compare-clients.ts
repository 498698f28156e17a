import type { QoS } from "@bowline/protocol";
import { median } from "../compare/median.ts";
import type { Form, Library } from "./client-run-options.ts";
import { type ClientRun, measureClient } from "./measure-client.ts";

/** One thing that clients do, and how many times less CPU it has to cost than with MQTT.js. */
export interface ClientCase {
  readonly direction: "publish" | "receive";
  readonly qos: QoS;
  /** Topics that messages take in turn; 1 without. */
  readonly topics?: number;
  /** undefined where nothing is promised. */
  readonly target?: number;
}

/** Promised for callbacks, which MQTT.js has too; the form with promises stands beside it. */
export const clientCases: readonly ClientCase[] = [
  { direction: "publish", qos: 0, target: 6 },
  { direction: "publish", qos: 1, target: 12 },
  { direction: "publish", qos: 2, target: 20 },
  { direction: "receive", qos: 0, target: 8 },
  { direction: "receive", qos: 1, target: 10 },
  { direction: "receive", qos: 2, target: 20 },
  // No message has the topic of the one before.
  { direction: "publish", qos: 0, topics: 16 },
  { direction: "receive", qos: 0, topics: 16 },
];

/** Medians of one client's verified runs. */
export interface ClientSide {
  readonly library: Library;
  readonly form: Form;
  readonly runs: number;
  readonly verified: number;
  readonly cpuSecondsPerMillion: number;
  readonly perSecond: number;
  /** MQTT.js' CPU with callbacks divided by this one's. */
  readonly ratio: number;
  /** undefined where nothing is promised. */
  readonly isHeld: boolean | undefined;
}

export interface ClientComparison extends ClientCase {
  readonly sides: readonly ClientSide[];
}

/** How often, and how many messages: ours need more for the same time. */
export interface ClientPace {
  readonly rounds: number;
  /** Messages of each run that are not counted. */
  readonly warm: number;
  readonly ours: number;
  readonly theirs: number;
}

/** Messages with QoS 1 and 2 under way. */
const IN_FLIGHT = 100;

const sides: readonly { readonly library: Library; readonly form: Form }[] = [
  { library: "mqttjs", form: "callbacks" },
  { library: "client", form: "callbacks" },
  { library: "drop-in", form: "callbacks" },
  { library: "mqttjs", form: "promises" },
  { library: "client", form: "promises" },
  { library: "drop-in", form: "promises" },
];

export function nameOfClientCase({ direction, qos, topics }: ClientCase): string {
  return `${direction} QoS ${qos}${topics === undefined ? "" : `, ${topics} topics`}`;
}

/** Runs one case in turns, A B C A B C, each in a fresh process, and gives medians. */
export async function compareClients(one: ClientCase, pace: ClientPace, forms: readonly Form[]): Promise<ClientComparison> {
  const { direction, qos, topics = 1 } = one;
  // Messages come to a callback with the interface of MQTT.js.
  const measured = sides.filter(
    ({ library, form }) => forms.includes(form) && (form === "callbacks" || direction === "publish" || library === "client"),
  );
  const runs = new Map(measured.map((side) => [side, [] as ClientRun[]]));
  for (let round = 0; round < pace.rounds; round++) {
    for (const [side, list] of runs) {
      const { warm } = pace;
      const count = warm + (side.library === "mqttjs" ? pace.theirs : pace.ours);
      list.push(await measureClient({ ...side, direction, qos, topics, count, warm, inflight: IN_FLIGHT, version: 4 }));
    }
  }
  const anchor = medianCpu(runs.get(measured[0]!)!);
  return { ...one, sides: measured.map((side) => sideOf(one, side, runs.get(side)!, anchor)) };
}

function sideOf({ target }: ClientCase, side: Pick<ClientSide, "library" | "form">, all: ClientRun[], anchor: number): ClientSide {
  const verified = all.filter(({ ok }) => ok);
  const cpuSecondsPerMillion = medianCpu(all);
  const ratio = anchor / cpuSecondsPerMillion;
  return {
    ...side,
    runs: all.length,
    verified: verified.length,
    cpuSecondsPerMillion,
    perSecond: median(verified.map(({ perSecond }) => perSecond)),
    ratio,
    isHeld: target !== undefined && side.form === "callbacks" && side.library !== "mqttjs" ? ratio >= target : undefined,
  };
}

function medianCpu(runs: readonly ClientRun[]): number {
  return median(runs.filter(({ ok }) => ok).map(({ cpuSecondsPerMillion }) => cpuSecondsPerMillion));
}

/** Names of what is missed: a target, or the verification of a run. */
export function missedByClients(comparison: ClientComparison): string[] {
  return comparison.sides.flatMap(({ library, form, runs, verified, isHeld }) => {
    const name = `${library}, ${form}: ${nameOfClientCase(comparison)}`;
    return [
      ...(verified < runs ? [`${name}: ${runs - verified} runs not verified`] : []),
      ...(isHeld === false ? [`${name}: not ${comparison.target} times less CPU than MQTT.js`] : []),
    ];
  });
}
