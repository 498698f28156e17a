import { inspect } from "node:util";
import { expect, test } from "vitest";
import { formatLine } from "./format-line.ts";
import { createLogger, type LogFormat } from "./logger.ts";
import { Secret } from "./secret.ts";

function record(format: LogFormat, level: "info" | "debug" = "info") {
  const lines: string[] = [];
  const logger = createLogger({ level, format, destination: { write: (line) => void lines.push(line) } });
  return { lines, logger };
}

test("a secret is redacted by whatever prints it", () => {
  const secret = new Secret("hunter2");
  const { lines, logger } = record("json");
  logger.info({ password: secret, nested: { token: secret } }, "connected");
  const printed = [String(secret), JSON.stringify({ secret }), inspect(secret), inspect({ deep: { secret } }), ...lines].join();
  expect(printed).not.toContain("hunter2");
  expect(JSON.parse(lines[0]!)).toMatchObject({
    level: "info",
    message: "connected",
    password: "[redacted]",
    nested: { token: "[redacted]" },
  });
  expect(secret.reveal()).toBe("hunter2");
});

test("text is one line per event with its fields", () => {
  const { lines, logger } = record("text");
  logger.child({ listener: "mqtts://localhost:8883" }).warn({ count: 3, note: "two words" }, "refused");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} warn {2}refused listener=mqtts:\/\/localhost:8883 count=3 note="two words"\n$/);
});

test("a peer's text cannot steer the terminal", () => {
  const line = JSON.stringify({
    time: "2026-01-01T00:00:00.000Z",
    level: "info",
    message: "m",
    clientIdentifier: "a\u001b[2J\u009b\n",
  });
  const text = formatLine(line, false);
  expect(text.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
});

test("an error shows code and cause, and its stack only when debugging", () => {
  const error = Object.assign(new Error("PORT_IN_USE: no", { cause: new Error("listen EADDRINUSE") }), { code: "PORT_IN_USE" });
  const plain = record("json");
  plain.logger.error({ error }, "failed");
  expect(JSON.parse(plain.lines[0]!)).toMatchObject({
    error: { code: "PORT_IN_USE", message: "PORT_IN_USE: no", cause: { message: "listen EADDRINUSE" } },
  });
  expect(plain.lines[0]).not.toContain("stack");
  const debug = record("json", "debug");
  debug.logger.error({ error }, "failed");
  expect(debug.lines[0]).toMatch(/"stack":"[^"]+logger\.test\.ts/);
});
