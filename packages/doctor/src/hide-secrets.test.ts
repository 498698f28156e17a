import { expect, test } from "vitest";
import { hideSecrets, secretsOf } from "./hide-secrets.ts";

test("of two secrets of which one begins as the other does nothing is left", () => {
  const secrets = secretsOf("mqtt://host", { password: "hunter2", headers: { "x-key": "hunter2-and-more" } });
  expect(hideSecrets("hunter2-and-more, hunter2", secrets)).toBe("[redacted], [redacted]");
});

test("secrets of any length and of any characters are taken", () => {
  expect(() => secretsOf("mqtt://host", { password: "secret\ud800", will: willOf(200_000) })).not.toThrow();
});

function willOf(length: number): { topicName: string; payload: Uint8Array; qos: 0; retain: false } {
  return { topicName: "a", payload: new Uint8Array(length).fill(0x61), qos: 0, retain: false };
}
