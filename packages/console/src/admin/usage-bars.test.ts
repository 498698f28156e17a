import { expect, test } from "vitest";
import { usageBars } from "./usage-bars.ts";

test("hours without any use have a place too", () => {
  const used = { sessionMinutes: 1, bytesReceived: 0, bytesSent: 0 };
  const hours = [
    { period: "2026-03-01T01", messagesReceived: 2, messagesSent: 3, ...used },
    { period: "2026-02-28T23", messagesReceived: 1, messagesSent: 0, ...used },
  ];
  expect(usageBars(hours, Date.UTC(2026, 2, 1, 1, 59), 4)).toEqual([
    { period: "2026-02-28T22", messages: 0 },
    { period: "2026-02-28T23", messages: 1 },
    { period: "2026-03-01T00", messages: 0 },
    { period: "2026-03-01T01", messages: 5 },
  ]);
});
