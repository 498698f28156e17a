import type { Report } from "@bowline/doctor/browser";
import { type AttemptFacts, diagnose } from "@bowline/protocol/internal";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browsers } from "../runtimes/browsers.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { DoctorPageHost } from "./doctor-page-host.ts";
import { Farm } from "./farm.ts";
import { type PageRow, toldIn } from "./page-row.ts";
import { pageRows } from "./page-rows.ts";
import { type Outcome, PageRun } from "./page-run.ts";
import { strictSchemas } from "./report-schema.ts";

// The same faults in a page: what a browser tells apart is told apart, nothing is named wrongly with certainty, and what another machine
// sees names what the page cannot.

const isLong = process.env["BOWLINE_LONG"] === "1";
const RUN_MS_MAX = 5_000;
const noOpenssl = missingPrograms("openssl");
const tested = browsers.filter(({ name }) => name !== "WebKitGTK").map((one) => ({ ...one, lacks: one.missing || noOpenssl }));

/** One row for each way in which a page comes to its verdict, of those that wait for nothing; the long run has all. */
const daily = [
  "SCHEME_BROWSER URL_INVALID UNSAFE_PORT B_MIXED B_CSP B_OFFLINE B_LNA BAD_CREDENTIALS SUB_DENIED",
  "WS_TO_TLS WS_TEXT WS_CLOSE_CODE WS_PERMESSAGE WS_NO_SUBPROTO_REPLY TLS_EXPIRED AWS_SIGV4 AWS_ENDPOINT",
].join(" ");
/** What no browser has a part in, or both the same one, is met in one of them. */
const dailyInOne = [
  "PROTO_VERSION CLIENT_ID JWT_EXPIRED SP_VIOLATION TAKEOVER PUB_DENIED WSS_TO_WS TCP_REFUSED DNS_NXDOMAIN CLOCK_SKEW WS_404",
  "AWS_DUP AWS_NO_CONNECT AWS_AUTHORIZER_LAMBDA",
].join(" ");
const idsOf = (words: string): ReadonlySet<string> => new Set(words.split(" "));
const dailyIn: Readonly<Record<string, ReadonlySet<string>>> = {
  Chromium: idsOf(`${daily} ${dailyInOne}`),
  Firefox: idsOf(daily),
};

function chosen(rows: readonly PageRow[], browser: string): readonly PageRow[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    // Only Chromium can be told what its user says.
    if (browser !== "Chromium" && row.permission === "prompt") return false;
    const told = toldIn(row, browser);
    const isNew = !seen.has(`${row.id} ${told}`);
    seen.add(`${row.id} ${told}`);
    // A doubt that MQTT leaves is the same everywhere.
    const isOfMqtt = told === "one of" && row.options.username !== undefined;
    return isLong || (isNew && row.isSlow !== true && !isOfMqtt && dailyIn[browser]?.has(row.id) === true);
  });
}

const shown = ({ row, report: { cause } }: Outcome): string => `${row.id} at ${row.url}: ${cause?.id} [${cause?.oneOf.join()}]`;
const isSure = ({ row, report: { cause } }: Outcome): boolean => cause?.id === row.id && cause.oneOf.length === 0;
const isHonest = ({ row, report: { cause } }: Outcome): boolean =>
  cause?.id === row.id || cause?.oneOf.includes(row.id as never) === true;

/** What the doctor says when it is given that line as well. */
function withLine(
  { row, report }: Outcome,
  consoleText: string,
): Pick<Outcome, "row"> & { readonly report: Pick<Report, "cause"> } {
  const { firstBytes: _, ...facts } = report.facts;
  const { pathname, search } = new URL(row.url);
  const known: AttemptFacts = {
    ...facts,
    target: { ...facts.target, path: pathname + search },
    page: { ...facts.page, consoleText },
  };
  const { code, candidates } = diagnose(known);
  return { row, report: { cause: { ...report.cause!, id: code, oneOf: candidates } } };
}

const { report: validate } = strictSchemas();
let farm: Farm;
let host: DoctorPageHost;
const runs = new Map<string, PageRun>();
beforeAll(async () => {
  const present = tested.filter(({ lacks }) => lacks === "");
  if (present.length === 0) return;
  farm = await Farm.start();
  host = await DoctorPageHost.open(farm.certificates.page);
  const rows = pageRows(farm);
  // Both at once: most of the time is waiting.
  await Promise.all(
    present.map(async ({ name }) => {
      const run = await PageRun.start(name, farm, host);
      runs.set(name, run);
      await run.meetAll(chosen(rows, name));
    }),
  );
}, 600_000);
afterAll(async () => {
  for (const { browser } of runs.values()) await browser.end();
  host?.close();
  await farm?.stop();
});

for (const { name, lacks } of tested) {
  describe.skipIf(lacks !== "")(`the doctor in a page of ${name}${lacks && ` (${lacks})`}`, () => {
    let outcomes: readonly Outcome[];
    let browser: PageRun["browser"];
    const toldAs = (told: string): readonly Outcome[] => outcomes.filter(({ row }) => toldIn(row, name) === told);
    beforeAll(() => void ({ outcomes, browser } = runs.get(name)!));

    test("what a browser tells of itself, of MQTT and of an open WebSocket has one cause, and it is the right one", () => {
      const rows = toldAs("surely");
      expect(rows.length).toBeGreaterThan(isLong ? 60 : 10);
    });

    test("what it hides is one of several, and nothing is named wrongly with certainty", () => {
      expect(outcomes.filter((outcome) => !isHonest(outcome)).map(shown)).toEqual([]);
    });

    test("the doubt is called what it is, begins with the likeliest, and leaves out what cannot be", () => {
      const differing = outcomes.filter(({ row: { says, leads, excludes = [] }, report: { cause } }) => {
        const first = cause?.oneOf[0] ?? cause?.id;
        const isCalledSo = says === undefined || cause?.id === says;
        return !isCalledSo || (leads !== undefined && first !== leads) || excludes.some((id) => cause?.oneOf.includes(id as never));
      });
      expect(differing.map(shown)).toEqual([]);
    });

    test(`a failed handshake is ${name === "Firefox" ? "told from a port that cannot be reached" : "one of what cannot be reached"}`, () => {
      const codes = toldAs("handshake").map(({ report }) => report.cause?.id);
      expect(new Set(codes)).toEqual(new Set([name === "Firefox" ? "TLS_FAILED" : "WS_UNREACHABLE"]));
      const unreached = outcomes.filter(({ row }) => row.id === "TCP_REFUSED" && row.url.startsWith("wss:"));
      for (const { report } of unreached) expect(report.cause?.oneOf.includes("TLS_EXPIRED")).toBe(name !== "Firefox");
    });

    test("what another machine sees names the cause", () => {
      const merged = outcomes.flatMap((outcome) => (outcome.merged === undefined ? [] : [{ ...outcome, report: outcome.merged }]));
      const isNamed = ({ row, report: { cause } }: Outcome): boolean =>
        row.outside?.ids.some((id) => id === cause?.id || id === cause?.oneOf[0]) === true ||
        (cause !== null && isSure({ row, report: { cause } as Report, merged: undefined }));
      expect(merged.filter((outcome) => !isNamed(outcome)).map(shown)).toEqual([]);
      expect(merged.length).toBeGreaterThan(isLong ? 60 : 5);
    });

    test("the line that the browser wrote to its console names no other cause, and mostly the one", () => {
      const lines = toldAs("one of")
        .concat(toldAs("handshake"))
        .flatMap((outcome) => {
          const line = browser.consoleLine?.(outcome.row.url);
          return line === undefined ? [] : [{ line, ...withLine(outcome, line) }];
        });
      const isTrue = ({ row: { id }, report: { cause } }: (typeof lines)[number]): boolean =>
        cause?.id === id || cause?.oneOf.includes(id as never) === true;
      expect(lines.filter((one) => !isTrue(one)).map((one) => `${one.row.id}: ${one.report.cause?.id}, ${one.line}`)).toEqual([]);
      const sure = lines.filter(({ row, report: { cause } }) => cause?.id === row.id && cause.oneOf.length === 0).length;
      // oxlint-disable-next-line no-console -- The figures of a long run are its result.
      if (isLong) console.log(`${name}: with the line of the console ${sure} of ${lines.length} more are named surely`);
      if (browser.consoleLine !== undefined) expect(sure).toBeGreaterThan(isLong ? 15 : 1);
    });

    test("the report is as its schema says, that of both as well", () => {
      for (const { row, report, merged } of outcomes) {
        for (const one of [report, JSON.parse(JSON.stringify(merged ?? report)) as Report]) {
          expect(validate(one), `${row.id}: ${JSON.stringify(validate.errors)}`).toBe(true);
        }
      }
    });

    test("each within 5 s, with evidence and what to do, and without secrets", () => {
      for (const { row, report } of outcomes) {
        expect(report, row.id).toMatchObject({ v: 1, type: "doctor" });
        expect(report.durationMs, row.id).toBeLessThan(RUN_MS_MAX);
        expect(report.cause?.evidence.observed, row.id).not.toBe("");
        expect(report.cause?.title, row.id).not.toBe(row.id);
        expect(report.cause?.fix[0]?.text, row.id).toMatch(/\.$/);
        expect(JSON.stringify(report), row.id).not.toContain(row.options.password ?? "no password");
      }
      const sure = outcomes.filter(isSure).length;
      const named = outcomes.filter(({ merged }) => merged !== undefined).length;
      // oxlint-disable-next-line no-console -- The figures of a long run are its result.
      if (isLong)
        console.log(
          `${name}: ${outcomes.length} rows, ${sure} named surely, ${outcomes.length - sure} as one of; ${named} narrowed from outside`,
        );
    });

    test("a CONNACK that is late is waited for, while causes of silence are looked for", async () => {
      const url = `ws://localhost:${farm.port("ws")}/mqtt`;
      const slow = { username: "slow=2200", password: "secret", clientId: `mine-${name}` };
      const report = await host.examine(name, "plain", { url, options: slow });
      expect(report).toMatchObject({ healthy: true, cause: null });
      expect(report.stages).toContainEqual(expect.objectContaining({ stage: "mqtt", status: "warn" }));
    });

    test("a connection that works is healthy, also where the user has allowed it", async () => {
      const secure = `wss://localhost:${farm.port("wss")}/mqtt`;
      await browser.permit?.("granted");
      const [plain, overTls, { healthy }] = await Promise.all([
        host.examine(name, "plain", { url: `ws://localhost:${farm.port("ws")}/mqtt`, options: {} }),
        host.examine(name, "plain", { url: secure, options: {} }),
        host.examine(name, "distant", { url: secure, options: {} }),
      ]);
      for (const report of [plain, overTls]) expect(report, report.url).toMatchObject({ healthy: true, cause: null });
      expect(healthy).toBe(browser.permit !== undefined);
    });
  });
}
