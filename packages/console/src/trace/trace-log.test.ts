import { expect, test } from "vitest";
import type { TracedPacket } from "@bowline/protocol/internal";
import { EMPTY_LOG, ROWS_MAX, withEvents } from "./trace-log.ts";

const packet = (bytes: number): TracedPacket => ({
  kind: "packet",
  at: 1,
  connection: 1,
  clientIdentifier: "c",
  remoteAddress: "",
  direction: "in",
  type: "PINGREQ",
  summary: "",
  bytes,
});

test("keeps the newest rows, newest first, and counts them all", () => {
  let log = withEvents(EMPTY_LOG, [{ kind: "started", at: 0, seconds: 60, packets: 10_000, connections: 2 }, packet(1), packet(2)]);
  expect(log.rows.map(({ number, event }) => [number, event.kind === "packet" && event.bytes])).toEqual([
    [2, 2],
    [1, 1],
  ]);
  log = withEvents(
    log,
    Array.from({ length: 600 }, (_, i) => packet(i)),
  );
  log = withEvents(log, [
    { kind: "dropped", packets: 7 },
    packet(99),
    { kind: "end", at: 5, reason: "time", packets: 603, dropped: 7 },
  ]);
  expect(log.rows).toHaveLength(ROWS_MAX);
  expect(log).toMatchObject({ packets: 603, dropped: 7, started: { connections: 2 }, end: { reason: "time" } });
  expect(log.rows[0]).toMatchObject({ number: 604, event: { bytes: 99 } });
});
