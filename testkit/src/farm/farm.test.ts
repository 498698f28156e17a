import { readFileSync } from "node:fs";
import { type DoctorOptions, examine, type LogLine, type Report, reportJson, supportBundle } from "@bowline/doctor";
import { exitCodeOfReport } from "bowline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missingPrograms } from "../system/missing-programs.ts";
import { Farm } from "./farm.ts";
import { strictSchemas } from "./report-schema.ts";
import { allRows, type Row } from "./rows.ts";

// Every fault that can be made on the loopback, and what the doctor calls it.

/** By chapter of the list of failures, each id once: how it is met here. */
type Ids = Readonly<Record<string, Readonly<Record<string, "real" | "emulated" | "rule-only">>>>;

const missing = missingPrograms("openssl");
const ids = JSON.parse(readFileSync(new URL("ids.json", import.meta.url), "utf8")) as Ids;
const AT_ONCE = 16;
/** The run's own limit is 4.6 s; on a slow machine the timers come late. */
const RUN_MS_MAX = 5_000;
const RIGHT_SHARE_MIN = 0.97;

let farm: Farm;
const outcomes: { row: Row; report: Report }[] = [];

beforeAll(async () => {
  if (missing !== "") return;
  farm = await Farm.start();
  const rows = [...allRows(farm)];
  const runAll = async (): Promise<void> => {
    for (let row = rows.shift(); row !== undefined; row = rows.shift()) {
      outcomes.push({ row, report: await (row.examine?.() ?? examine(row.url, row.options)) });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runAll));
}, 120_000);
afterAll(() => (missing === "" ? farm.stop() : undefined));

const isRight = ({ row: { id }, report: { cause } }: (typeof outcomes)[number]): boolean =>
  cause?.id === id || cause?.oneOf[0] === id;

describe.skipIf(missing !== "")(`the doctor on the farm${missing && ` (${missing})`}`, () => {
  test("every id that is called real or emulated has a row, and no other has", () => {
    const made = Object.values(ids).flatMap((chapter) => Object.keys(chapter).filter((id) => chapter[id] !== "rule-only"));
    expect([...new Set(outcomes.map(({ row }) => row.id))].sort()).toEqual([...new Set(made)].sort());
    expect(made.length).toBeGreaterThanOrEqual(110);
  });

  test("[C4 doctor] [D3 doctor] the root cause that is named first is right, and none is named wrongly with certainty", () => {
    const wrong = outcomes.filter((outcome) => !isRight(outcome));
    const surely = wrong.filter(({ row, report: { cause } }) => cause?.oneOf.includes(row.id as never) !== true);
    expect(surely.map(({ row, report }) => `${row.id} at ${row.url}: ${report.cause?.id} (${report.cause?.because})`)).toEqual([]);
    const share = 1 - new Set(wrong.map(({ row }) => row.id)).size / new Set(outcomes.map(({ row }) => row.id)).size;
    expect(share, wrong.map(({ row }) => row.id).join()).toBeGreaterThanOrEqual(RIGHT_SHARE_MIN);
  });

  test("doubt is said only where the facts leave room for it", () => {
    const doubtful = outcomes.filter(({ row, report: { cause } }) => row.mayDoubt !== true && cause?.oneOf.length !== 0);
    expect(doubtful.map(({ row, report }) => `${row.id}: ${report.cause?.oneOf.join()}`)).toEqual([]);
  });

  test("[C5 doctor] each run takes less than 5 s unless it holds", () => {
    const slow = outcomes.filter(({ row, report }) => row.isLong !== true && report.durationMs > RUN_MS_MAX);
    expect(slow.map(({ row, report }) => `${row.id}: ${report.durationMs} ms`)).toEqual([]);
  });

  test("[C5 doctor] the command ends as the contract says", () => {
    const ends = outcomes.map(({ row, report }) => [row.id, row.url, exitCodeOfReport(report)]);
    expect(ends).toEqual(outcomes.map(({ row }) => [row.id, row.url, row.exit]));
  });

  test("every fault comes with its evidence, what to do, and whether to try again; no secret is told", () => {
    for (const { row, report } of outcomes) {
      const { cause } = report;
      expect(cause?.evidence.observed, row.id).not.toBe("");
      expect(cause?.fix[0]?.text, row.id).toMatch(/\.$/);
      expect(cause?.retry, row.id).toBeTruthy();
      expect(JSON.stringify(report), row.id).not.toContain(row.options?.password ?? "no password");
    }
  });

  test("what --json prints is what the schema of version 1 describes", async () => {
    const { report: isReport } = strictSchemas();
    for (const { row, report } of outcomes) {
      const printed: unknown = JSON.parse(reportJson(report));
      expect(isReport(printed), `${row.id}: ${JSON.stringify(isReport.errors)}`).toBe(true);
    }
    expect(isReport({ v: 2 })).toBe(false);
  });

  test("so is what --bundle writes, with the packets of each attempt", async () => {
    const { bundle: isBundle } = strictSchemas();
    const url = `mqtt://localhost:${farm.port("mqtt")}`;
    const options = { username: "badid=128", password: "secret", clientId: "not/mine", headers: { a: "b" } };
    const log: LogLine[] = [];
    const report = await examine(url, { ...options, log: (line) => log.push(line) });
    const bundle = supportBundle({ url, options, report, log, logTail: "one\ntwo", client: { name: "x", version: "1" } });
    expect(isBundle(JSON.parse(JSON.stringify(bundle))), JSON.stringify(isBundle.errors)).toBe(true);
    expect(bundle).toMatchObject({ options: { username: "[given]", clientId: "[given]" }, logTail: ["one", "two"] });
    const lines = log.map(({ attempt, what, text }) => `${attempt} ${what} ${text.replace(/doctor\w+|:\d+/g, "...")}`);
    expect(lines).toContain("1 receives CONNACK sessionPresent=false reasonCode=128");
    expect(lines.filter((line) => /^[23] ends accepted/.test(line))).toHaveLength(1);
    expect(lines.find((line) => line.startsWith("1 sends CONNECT"))).toContain('clientIdentifier="not/mine"');
  });

  test("a CONNACK that is late is waited for, while causes of silence are looked for", { timeout: 30_000 }, async () => {
    const { root } = farm.certificates;
    const slow = (username: string, more: DoctorOptions = {}, scheme = "mqtt"): Promise<Report> => {
      const url = `${scheme}://localhost:${farm.port(scheme === "mqtts" ? "tls:good" : scheme)}${scheme === "ws" ? "/mqtt" : ""}`;
      return examine(url, { username, password: "secret", ca: root.cert, ...more });
    };
    const [answered, owned, secure, web, refused, tooLate, silent, held] = await Promise.all([
      slow("slow=2200"),
      slow("slow=2200", { clientId: "mine", topic: "a/b", holdSeconds: 2 }),
      slow("slow=2200", {}, "mqtts"),
      slow("slow=2200", {}, "ws"),
      slow("slowrc=2200"),
      slow("slow=3700", { topic: "a/b" }),
      slow("slow=6000"),
      slow("slow=4600", { holdSeconds: 1 }),
    ]);
    for (const report of [answered, owned, secure, web, tooLate, held]) {
      expect(report).toMatchObject({ healthy: true, cause: null });
      expect(report.stages).toContainEqual(
        expect.objectContaining({ stage: "mqtt", status: "warn", text: expect.stringContaining("is slow") }),
      );
    }
    const [trip] = [answered, tooLate].map(({ stages }) => stages.find(({ stage }) => stage === "authz"));
    expect(trip?.status).toBe("ok");
    expect(tooLate.stages).toContainEqual(expect.objectContaining({ stage: "authz", text: expect.stringContaining("not tried") }));
    expect(refused.cause).toMatchObject({ id: "NOT_AUTHORIZED", evidence: { reasonCode: 135 } });
    expect(silent.cause?.fix.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^No CONNACK came within 4\.\d s.*--hold 10/),
    );
    for (const report of [answered, secure, web, refused, tooLate, silent]) expect(report.durationMs).toBeLessThan(RUN_MS_MAX);
  });

  test("several faults at once are all reported, in order", async () => {
    const { root } = farm.certificates;
    const url = `mqtts://localhost:${farm.port("tls:expiredOther")}`;
    const options = { ca: root.cert, username: "rc=134", password: "wrong one" };
    const careful = await examine(url, options);
    expect(careful.findings.map(({ id }) => id)).toEqual(["TLS_EXPIRED", "TLS_SAN"]);
    const byAddress = await examine(`mqtts://127.0.0.1:${farm.port("tls:other")}`, { ca: root.cert });
    expect(byAddress.findings.map(({ id }) => id)).toEqual(["TLS_SNI", "TLS_SAN"]);
    expect(byAddress.stages.find(({ stage }) => stage === "tls")?.text).toBe(
      `${byAddress.cause?.title}: ${byAddress.cause?.because}`,
    );
    const bold = await examine(url, { ...options, insecure: true });
    expect(bold.findings.map(({ id }) => id)).toEqual(["TLS_EXPIRED", "TLS_SAN", "BAD_CREDENTIALS"]);
  });

  test("a connection that works is healthy", async () => {
    const { root } = farm.certificates;
    const urls = [
      `mqtt://localhost:${farm.port("mqtt")}`,
      `mqtts://localhost:${farm.port("tls:good")}`,
      `ws://localhost:${farm.port("ws")}/mqtt`,
      `wss://localhost:${farm.port("wss")}/mqtt`,
    ];
    for (const url of urls) {
      const report = await examine(url, { ca: root.cert });
      expect(report, url).toMatchObject({ v: 1, type: "doctor", healthy: true, cause: null, findings: [] });
    }
  });
});
