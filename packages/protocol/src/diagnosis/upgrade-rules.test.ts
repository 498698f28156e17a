import { expect, test } from "vitest";
import type { ErrorCode } from "../errors/catalogue.ts";
import { diagnose } from "./diagnose.ts";
import type { AttemptFacts } from "./facts.ts";

type Case = readonly [title: string, facts: AttemptFacts, code: ErrorCode];

const ws: AttemptFacts = { target: { scheme: "ws", host: "broker.example", port: 8083 } };
const failed = (code: string): Pick<AttemptFacts, "errors"> => ({ errors: [{ name: "Error", code, message: "" }] });
const bytes = (...values: number[]): Pick<AttemptFacts, "firstBytes"> => ({ firstBytes: Uint8Array.from(values) });
const answered = (text: string): Pick<AttemptFacts, "firstBytes"> => bytes(...Buffer.from(text));

const notHttp: readonly Case[] = [
  [
    "a port of MQTT that says so",
    { ...ws, milestone: "connected", http: { status: 400, bodyStart: "This port speaks plain MQTT (mqtt://).\n" } },
    "WS_TO_TCP",
  ],
  ["a DISCONNECT of MQTT", { ...ws, milestone: "connected", ...bytes(0xe0, 2, 0x81, 0) }, "WS_TO_TCP"],
  ["bytes of nobody", { ...ws, milestone: "connected", ...bytes(1, 2, 3), ...failed("HPE_INVALID_CONSTANT") }, "WRONG_SERVICE"],
  ["a banner", { ...ws, milestone: "connected", ...answered("SSH-2.0-x"), ...failed("HPE_INVALID_CONSTANT") }, "WRONG_SERVICE"],
  [
    "a TLS alert",
    { ...ws, milestone: "connected", ...bytes(0x15, 3, 1, 0, 2, 2, 70), ...failed("HPE_INVALID_CONSTANT") },
    "WS_TO_TLS",
  ],
];

test.each(notHttp)("%s", (_title, facts, code) => {
  expect(diagnose(facts)).toMatchObject({ code, certain: true });
});

test.each([
  ["This listener has its WebSocket at\r\n/mqtt.\n", undefined, 'HTTP 404, "This listener has its WebSocket at /mqtt."'],
  ["\u001b[2Jgone", "text/plain", 'HTTP 404, "[2Jgone"'],
  ["<html>not found</html>", undefined, "HTTP 404"],
  ["Not found", "text/html; charset=utf-8", "HTTP 404"],
  ["?token=hunter2", undefined, 'HTTP 404, "?token=[redacted]'],
])("of a refusal's words %j are told, unless they are a page", (bodyStart, contentType, evidence) => {
  const http = { status: 404, bodyStart, ...(contentType === undefined ? {} : { contentType }) };
  expect(diagnose({ ...ws, milestone: "connected", http }).evidence).toContain(evidence);
});
