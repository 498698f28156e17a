import { expect, test } from "vitest";
import { diagnose } from "./diagnose.ts";
import { diagnosePage } from "./diagnose-page.ts";
import type { AttemptFacts } from "./facts.ts";

const target = { scheme: "wss", host: "broker.example", port: 8084, path: "/mqtt?token=hunter2" };
const page = { protocol: "https:", isOnline: true };
const closed = { everOpened: false, closeCode: 1006, closeReason: "", wasClean: false };
const base: AttemptFacts = { runtime: "browser", target, page, ws: closed, msToFail: 20 };

const attempts: readonly AttemptFacts[] = [
  base,
  { ...base, msToFail: 21_000 },
  { ...base, page: { ...page, fetch: "resolved" } },
  { ...base, page: { ...page, fetch: "rejected" } },
  { ...base, page: { ...page, isOnline: false } },
  { ...base, page: { ...page, cspViolation: { directive: "connect-src", blockedUri: "wss://broker.example" } } },

  { ...base, target: { ...target, scheme: "ws" } },
  { ...base, ws: { ...closed, closeCode: 1015 } },
  { ...base, milestone: "connect-sent", ws: { everOpened: true, closeCode: 1006 } },
  { ...base, milestone: "connect-sent", ws: { everOpened: true }, timedOut: true },
  { ...base, milestone: "connect-sent", ws: { everOpened: true }, connack: { version: 5, reasonCode: 134 } },
  { ...base, milestone: "accepted", ws: { everOpened: true }, disconnect: { reasonCode: 142 } },
  {
    ...base,
    milestone: "accepted",
    ws: { everOpened: true, closeCode: 1006 },
    session: { ageMs: 60_000, previousAgesMs: [60_200] },
  },
  { ...base, milestone: "connect-sent", ws: { everOpened: true }, firstBytes: Uint8Array.of(1, 2, 3) },
  { ...base, milestone: "started", errors: [{ name: "SyntaxError", message: "The URL 'x' is invalid." }] },
];

test("a page's rules come to the same verdict as all of them", () => {
  for (const facts of attempts) expect(diagnosePage(facts)).toEqual(diagnose(facts));
});

test("a fast end points at a refusal, a slow one at a filter, and none quotes the query", () => {
  const [fast, slow] = [diagnosePage(base), diagnosePage({ ...base, msToFail: 21_000 })];
  expect(fast.candidates[0]).toBe("TCP_REFUSED");
  expect(slow.candidates[0]).toBe("TCP_TIMEOUT");
  for (const facts of attempts) expect(JSON.stringify(diagnosePage(facts))).not.toContain("hunter2");
});

test("every failed open of a page is of stage ws, with hints", () => {
  for (const facts of attempts.slice(0, 2)) {
    const verdict = diagnosePage(facts);
    expect(verdict.stage).toBe("ws");
    expect(verdict.hints.length).toBeGreaterThan(0);
  }
});

test.each(["localhost", "127.0.0.1", "::1", "[::1]"])("a page without a network reaches %s all the same", (host) => {
  const offline = { ...base, page: { ...page, isOnline: false } };
  expect(diagnosePage(offline).code).toBe("B_OFFLINE");
  expect(diagnosePage({ ...offline, target: { ...target, host } }).code).toBe("WS_NEVER_OPENED");
});
