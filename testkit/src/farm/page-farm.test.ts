import { examine } from "@bowline/doctor";
import { mergeOutside, type Report } from "@bowline/doctor/browser";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browsers } from "../runtimes/browsers.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { DoctorPageHost } from "./doctor-page-host.ts";
import { Farm } from "./farm.ts";
import { type PageRow, pageRows } from "./page-rows.ts";
import { strictSchemas } from "./report-schema.ts";

// The same faults in a page: what a browser tells apart is told apart, nothing is named wrongly with certainty, and what another machine
// sees names what the page cannot.

/** Each id that a browser tells once, some of the others and nothing that waits; or every row. */
const isLong = process.env["BOWLINE_LONG"] === "1";
const AT_ONCE = 4;
const RUN_MS_MAX = 5_000;
const noOpenssl = missingPrograms("openssl");

interface Outcome {
  readonly row: PageRow;
  readonly report: Report;
  readonly merged: Report | undefined;
}

/** Of what a browser hides, one of each kind. */
const daily =
  "WS_404 WS_NO_SUBPROTO_REPLY B_ORIGIN WS_TO_TCP WS_PERMESSAGE TCP_REFUSED WRONG_SERVICE DNS_NXDOMAIN TLS_EXPIRED TLS_SAN B_SELF_SIGNED TLS_CN_ONLY MTLS_REQUIRED_13 NOT_AUTHORIZED SUB_DENIED PUB_DENIED";
const hiddenDaily: ReadonlySet<string> = new Set(daily.split(" "));

function chosen(rows: readonly PageRow[]): readonly PageRow[] {
  if (isLong) return rows;
  const seen = new Set<string>();
  return rows.filter(({ id, told, isSlow }) => {
    const isNew = !seen.has(`${id} ${told}`) && isSlow !== true;
    seen.add(`${id} ${told}`);
    return isNew && (told === "surely" || hiddenDaily.has(id));
  });
}

const shown = ({ row, report: { cause } }: Outcome): string => `${row.id} at ${row.url}: ${cause?.id} [${cause?.oneOf.join()}]`;
const isSure = ({ row, report: { cause } }: Outcome): boolean => cause?.id === row.id && cause.oneOf.length === 0;
const isHonest = ({ row, report: { cause } }: Outcome): boolean =>
  cause?.id === row.id || cause?.oneOf.includes(row.id as never) === true;

for (const { name, missing, open } of browsers.filter((browser) => browser.name !== "WebKitGTK")) {
  const lacks = missing || noOpenssl;
  describe.skipIf(lacks !== "")(`the doctor in a page of ${name}${lacks && ` (${lacks})`}`, () => {
    let farm: Farm;
    let host: DoctorPageHost;
    let end: () => Promise<void>;
    const outcomes: Outcome[] = [];

    async function meet(row: PageRow): Promise<Outcome> {
      const { url, options, kind, outside } = row;
      const warm = kind === "plain" ? { warmUrl: `ws://localhost:${farm.port("ws")}/mqtt` } : {};
      const offline = row.isOffline === true ? { isOffline: true } : {};
      const origin = new URL(host.url).origin;
      const [report, seen] = await Promise.all([
        host.examine(kind, { url, options, ...warm, ...offline }),
        outside && examine(outside.url, { ...outside.options, origin }),
      ]);
      return { row, report, merged: seen && mergeOutside(report, seen) };
    }

    beforeAll(async () => {
      farm = await Farm.start();
      host = await DoctorPageHost.open(farm.certificates.good);
      end = await open(host.url, farm.certificates.root.cert);
      const rows = chosen(pageRows(farm));
      const told = rows.filter((row) => row.told === "surely");
      const nextTold = async (): Promise<void> => {
        for (let row = told.shift(); row !== undefined; row = told.shift()) outcomes.push(await meet(row));
      };
      await Promise.all(Array.from({ length: AT_ONCE }, nextTold));
      // One after the other: browsers hold a WebSocket back while others of the page fail.
      for (const row of rows) if (row.told !== "surely") outcomes.push(await meet(row));
    }, 300_000);
    afterAll(async () => {
      await end?.();
      host?.close();
      await farm?.stop();
    });

    test("what a browser tells of itself, of MQTT and of an open WebSocket has one cause, and it is the right one", () => {
      const rows = outcomes.filter(({ row }) => row.told === "surely");
      expect(rows.filter((outcome) => !isSure(outcome)).map(shown)).toEqual([]);
      expect(rows.length).toBeGreaterThan(40);
    });

    test("what it hides is one of several, and nothing is named wrongly with certainty", () => {
      expect(outcomes.filter((outcome) => !isHonest(outcome)).map(shown)).toEqual([]);
    });

    test(`a failed handshake is ${name === "Firefox" ? "told from a port that cannot be reached" : "one of what cannot be reached"}`, () => {
      const codes = outcomes.filter(({ row }) => row.told === "handshake").map(({ report }) => report.cause?.id);
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
      expect(merged.length).toBeGreaterThan(10);
    });

    test("the report is as its schema says, that of both as well", () => {
      const { report: validate } = strictSchemas();
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

    test("a connection that works is healthy", async () => {
      for (const url of [`ws://localhost:${farm.port("ws")}/mqtt`, `wss://localhost:${farm.port("wss")}/mqtt`]) {
        const report = await host.examine("plain", { url, options: {} });
        expect(report, url).toMatchObject({ healthy: true, cause: null });
      }
    });
  });
}
