import { errorCodes, errorInfo, PacketType } from "@bowline/protocol";
import { diagnosedRows } from "@bowline/protocol/internal";
import { expect, test } from "vitest";
import type { AttemptContext } from "../attempt-facts.ts";
import { errorOf } from "../failure.ts";
import type { ConnectionEnd } from "../network-connection.ts";
import { judgeLoaded, shortJudgement } from "./judge-loaded.ts";

const closed: ConnectionEnd = {
  error: undefined,
  packet: undefined,
  cause: undefined,
  timedOut: false,
  facts: { milestone: "started" },
};
const refused = (reasonCode: number): ConnectionEnd => ({
  ...closed,
  packet: { type: PacketType.CONNACK, sessionPresent: false, reasonCode },
});

const retryOf = (end: ConnectionEnd): string => errorOf(end, shortJudgement(end)).retry;

test("the short form decides as the rules do where trying again blindly would harm", () => {
  const codes = [1, 4, 5, 132, 134, 135].map((reasonCode) => retryOf(refused(reasonCode)));
  expect(codes).toEqual(["new-input", ...codes.slice(1, 3), "new-input", ...codes.slice(4)]);
  expect(new Set([...codes.slice(1, 3), ...codes.slice(4)])).toEqual(new Set(["new-credentials"]));
  expect(shortJudgement({ ...closed, packet: { type: PacketType.DISCONNECT, reasonCode: 142 } }).code).toBe("TAKEOVER");
});

test("what it does not know is tried again with growing delays", () => {
  const ends = [
    refused(133),
    closed,
    { ...closed, packet: { type: PacketType.DISCONNECT, reasonCode: 152 } } as const,
    { ...closed, facts: { milestone: "connect-sent" } } as const,
    { ...closed, facts: { milestone: "connect-sent" }, timedOut: true } as const,
    { ...closed, facts: { milestone: "accepted" } } as const,
    { ...closed, facts: { milestone: "accepted" }, timedOut: true } as const,
  ];
  const judgements = ends.map(shortJudgement);
  expect(new Set(ends.map(retryOf))).toEqual(new Set(["backoff"]));
  expect(judgements.map(({ code }) => code)).toEqual([
    "UNAVAILABLE",
    "WS_NEVER_OPENED",
    "DISCONNECTED",
    "CONNACK_NONE",
    "SILENT",
    "CONNECTION_LOST",
    "PING_TIMEOUT",
  ]);
  // A page carries the rows of these without the rules.
  expect(judgements.filter(({ code }) => Object.hasOwn(diagnosedRows, code))).toEqual([]);
});

test("the first failure loads the rules, the next has its judgement at once", async () => {
  const context: AttemptContext = {
    target: { scheme: "wss", url: "wss://h:443/", host: "h", port: 443, path: "/", protocolVersion: 5, tls: {}, headers: {} },
    connect: { type: PacketType.CONNECT, protocolVersion: 5, cleanStart: true, keepAlive: 0, clientIdentifier: "" },
    msToFail: 10,
    previousAgesMs: [],
    nowMs: 0,
  };
  const first = judgeLoaded(refused(133), context);
  expect(first).toBeInstanceOf(Promise);
  expect(await first).toMatchObject({ code: "CLIENT_ID", options: { detail: "CONNACK 133" } });
  expect(judgeLoaded(refused(151), context)).toMatchObject({ code: "QUOTA" });
  expect(errorCodes).toContain("CLIENT_ID");
  expect(errorInfo("CLIENT_ID").title).not.toBe("CLIENT_ID");
});
