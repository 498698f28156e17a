import { expect, test } from "vitest";
import { createLogger } from "../log/logger.ts";
import type { FrontCause } from "./front-event.ts";
import { FrontLog } from "./front-log.ts";

function setUp() {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const clock = { now: 1_000 };
  const log = new FrontLog(createLogger({ level: "info", format: "json", destination: { write } }), () => clock.now);
  const note = (cause: FrontCause, serverName?: string): void =>
    log.note({
      cause,
      message: "the reason",
      remoteAddress: "192.0.2.1",
      remotePort: 1,
      localPort: 2,
      ...(serverName === undefined ? {} : { serverName }),
    });
  return { lines, clock, note };
}

test("[D4 broker] [D5 broker] a refusal is one line with its cause, its peer and the name it asked for", () => {
  const { lines, note } = setUp();
  note("serverNameUnknown", "stranger.localhost");
  note("mqttOnTls");
  const peer = { level: "info", reason: "the reason", from: "192.0.2.1", message: "connection refused at the front" };
  expect(lines).toMatchObject([
    { ...peer, cause: "serverNameUnknown", serverName: "stranger.localhost" },
    { ...peer, cause: "mqttOnTls" },
  ]);
});

test("a flood is twenty lines in ten seconds and then a number; health checks are none", () => {
  const { lines, clock, note } = setUp();
  for (let count = 0; count < 100; count++) note("closedEarly");
  expect(lines).toHaveLength(0);
  for (let count = 0; count < 100; count++) note("addressRate");
  expect(lines).toHaveLength(20);
  clock.now += 10_000;
  note("addressRate");
  expect(lines.slice(20)).toMatchObject([{ count: 80 }, { cause: "addressRate" }]);
});

test("trouble of ours is an error, whatever else there is", () => {
  const { lines, note } = setUp();
  for (let count = 0; count < 30; count++) note("otherProtocol");
  note("acceptFailed");
  expect(lines.at(-1)).toMatchObject({ level: "error", cause: "acceptFailed" });
});
