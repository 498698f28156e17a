import { describe, expect, test } from "vitest";
import { runScript } from "./run-script.ts";
import type { SimAction } from "./script.ts";
import { COMMIT_MS, type ExchangeOptions, PUBLISHED_AT, RETURNS_AT, smallExchange } from "./small-exchange.ts";

type Trouble = ExchangeOptions["trouble"][number];

/** The broker dies at its n-th commit after the publication. */
function atCommit(commits: number, side: "before" | "after", ms: number = PUBLISHED_AT): Trouble {
  return { at: ms, action: { do: "crash", commits, side, bytes: "sent", downMs: 5 } };
}

/** It dies at that time. */
function at(ms: number): Trouble {
  return { at: ms, action: { do: "crash", commits: 0, side: "after", bytes: "sent", downMs: 5 } };
}

interface CrashRow {
  /** As the table of ADR 0001 names it. */
  readonly row: string;
  readonly exchange: Omit<ExchangeOptions, "version">;
  /** What has happened when the broker dies, and what has not. */
  readonly before: readonly string[];
  readonly notBefore: readonly string[];
  /** What happens afterwards. */
  readonly after: readonly string[];
  readonly notAfter?: readonly string[];
}

const LATENCY = 20;
const received = "c0 > broker PUBLISH m";
const sent = "c1 < broker PUBLISH m";

/** The table of ADR 0001, a row each, where a row speaks of QoS 1 and 2 one of each. */
const rows: readonly CrashRow[] = [
  ...([1, 2] as const).map((qos) => ({
    row: `before the commit of a received PUBLISH (QoS ${qos})`,
    exchange: { qos, trouble: [atCommit(1, "before")] },
    before: [received],
    notBefore: ["c0 < broker PUB", sent],
    after: [received, sent],
  })),
  {
    row: "after the commit, before PUBACK",
    exchange: { qos: 1, trouble: [atCommit(1, "after")] },
    before: [received],
    notBefore: ["c0 < broker PUBACK"],
    after: [received, "c0 < broker PUBACK", sent],
  },
  {
    row: "after the commit, before PUBREC",
    exchange: { qos: 2, trouble: [atCommit(1, "after")] },
    before: [received],
    notBefore: ["c0 < broker PUBREC"],
    after: [received, "c0 < broker PUBREC", sent],
  },
  {
    row: "after PUBREC, before PUBREL is handled",
    exchange: { qos: 2, publisherLatencyMs: LATENCY, trouble: [at(PUBLISHED_AT + LATENCY + COMMIT_MS + 5)] },
    before: [received, "c0 < broker PUBREC"],
    notBefore: ["c0 > broker PUBREL"],
    after: ["c0 > broker PUBREL", "c0 < broker PUBCOMP packetIdentifier=1 reasonCode=0"],
    notAfter: [received],
  },
  {
    row: "before the commit of PUBREL's removal",
    exchange: { qos: 2, trouble: [atCommit(2, "before")] },
    before: ["c0 > broker PUBREL"],
    notBefore: ["c0 < broker PUBCOMP"],
    after: ["c0 > broker PUBREL", "c0 < broker PUBCOMP packetIdentifier=1 reasonCode=0"],
    notAfter: [received],
  },
  {
    row: "after PUBCOMP",
    exchange: { qos: 2, trouble: [at(PUBLISHED_AT + 3 * COMMIT_MS + 5)] },
    before: ["c0 < broker PUBCOMP"],
    notBefore: [],
    after: [],
    notAfter: ["c0 > broker PUBREL", received],
  },
  ...([1, 2] as const).map((qos) => ({
    row: `before an outbound entry's commit (QoS ${qos})`,
    exchange: { qos, isAway: true, trouble: [atCommit(1, "before", RETURNS_AT)] },
    before: ["c0 < broker PUB"],
    notBefore: [sent],
    after: [sent],
  })),
  ...([1, 2] as const).map((qos) => ({
    row: `after an outbound PUBLISH left (QoS ${qos})`,
    exchange: { qos, subscriberLatencyMs: LATENCY, trouble: [at(PUBLISHED_AT + COMMIT_MS + 5)] },
    before: [sent],
    notBefore: ["c1 > broker PUB"],
    after: [`${sent}5 to t, QoS ${qos}, identifier 1 DUP`],
  })),
  {
    row: "after PUBREC came, before that commit",
    exchange: { qos: 2, subscriberLatencyMs: LATENCY, trouble: [at(PUBLISHED_AT + COMMIT_MS + 2 * LATENCY + 5)] },
    before: ["c1 > broker PUBREC"],
    notBefore: ["c1 < broker PUBREL"],
    after: [sent, "c1 > broker PUBREC", "c1 < broker PUBREL"],
  },
  {
    row: "after PUBREL left",
    exchange: { qos: 2, subscriberLatencyMs: LATENCY, trouble: [at(PUBLISHED_AT + 2 * COMMIT_MS + 2 * LATENCY + 5)] },
    before: ["c1 < broker PUBREL"],
    notBefore: ["c1 > broker PUBCOMP"],
    after: ["c1 < broker PUBREL", "c1 > broker PUBCOMP"],
    notAfter: [sent],
  },
  {
    row: "after PUBACK came, before that commit",
    exchange: { qos: 1, subscriberLatencyMs: LATENCY, trouble: [at(PUBLISHED_AT + COMMIT_MS + 2 * LATENCY + 5)] },
    before: ["c1 > broker PUBACK"],
    notBefore: [],
    after: [sent],
  },
  {
    row: "after PUBCOMP came, before that commit",
    exchange: { qos: 2, subscriberLatencyMs: LATENCY, trouble: [at(PUBLISHED_AT + 2 * COMMIT_MS + 4 * LATENCY + 5)] },
    before: ["c1 > broker PUBCOMP"],
    notBefore: [],
    after: ["c1 < broker PUBREL", "c1 > broker PUBCOMP"],
    notAfter: [sent],
  },
];

// row 24 of docs/security.md, CVE-2026-6564, CVE-2026-8741: QoS 2 between the answer and the store.
describe.each([4, 5] as const)("MQTT level %i, a broker that dies", (version) => {
  test.each(rows)("$row", async ({ exchange, before, notBefore, after, notAfter = [] }) => {
    const { violations, history, counts } = await runScript(smallExchange({ version, ...exchange }), { records: true });
    const started = history.findIndex((line) => line.includes(`"do":"publish"`));
    const crash = history.findIndex((line) => line.includes("CRASH"));
    const first = history.slice(started, crash).join("\n");
    const second = history.slice(crash).join("\n");
    expect(counts.crashes).toBe(1);
    for (const what of before) expect(first).toContain(what);
    for (const what of notBefore) expect(first).not.toContain(what);
    for (const what of after) expect(second).toContain(what);
    for (const what of notAfter) expect(second).not.toContain(what);
    expect(violations, history.join("\n")).toEqual([]);
  });
});

async function expectRight(exchange: ExchangeOptions): Promise<void> {
  const { violations, counts } = await runScript(smallExchange(exchange));
  expect(violations, JSON.stringify(exchange)).toEqual([]);
  expect(counts.published, JSON.stringify(exchange)).toBe(1);
}

describe.each([4, 5] as const)("MQTT level %i, every small case", (version) => {
  describe.each([1, 2] as const)("QoS %i", (qos) => {
    test.each([false, true])(
      "dead at each commit, before and after it, with and without its last bytes (subscriber away: %s)",
      async (isAway) => {
        for (let commits = 0; commits <= 6; commits++) {
          for (const side of ["before", "after"] as const) {
            for (const bytes of ["sent", "lost"] as const) {
              const crash: SimAction = { do: "crash", commits, side, bytes, downMs: 5 };
              await expectRight({ version, qos, isAway, trouble: [{ at: PUBLISHED_AT, action: crash }] });
            }
          }
        }
      },
    );

    test.each([0, 1])("the link of c%i cut at every byte, in both directions", { timeout: 60_000 }, async (client) => {
      for (const trouble of cuts(client)) await expectRight({ version, qos, trouble: [trouble] });
    });

    test.each([0, 1])(
      "the link of c%i cut at every byte, and the broker dead at each commit",
      { timeout: 600_000 },
      async (client) => {
        for (const [index, cut] of cuts(client).entries()) {
          for (let commits = 1; commits <= 4; commits++) {
            if ((index + commits + turn) % THIN !== 0) continue;
            for (const side of ["before", "after"] as const) {
              await expectRight({ version, qos, trouble: [cut, atCommit(commits, side)] });
            }
          }
        }
      },
    );
  });
});

/** Daily a third of the pairs of a cut and a commit, by turns. */
const THIN = process.env["BOWLINE_LONG"] === "1" ? 1 : 3;
const turn = Math.floor(Math.random() * THIN);

/** Longer than what the exchange takes in one direction; a cut behind its end is no cut. */
const MOST_BYTES = 40;

function cuts(client: number): Trouble[] {
  const found: Trouble[] = [];
  for (const direction of ["fromClient", "fromServer"] as const) {
    for (let afterBytes = 0; afterBytes <= MOST_BYTES; afterBytes++) {
      found.push({ at: PUBLISHED_AT, action: { do: "cut", client, direction, afterBytes, kind: "reset" } });
    }
  }
  return found;
}
