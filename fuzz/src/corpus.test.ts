import { encodeToBytes } from "@bowline/protocol";
import { SessionState } from "@bowline/protocol/internal";
import { describe, expect, test } from "vitest";
import { Calm } from "./calm.ts";
import { FuzzedClient } from "./client-engine.ts";
import { corpus, type CorpusInput, type CorpusRow } from "./corpus.ts";
import { FuzzedServer } from "./server-engine.ts";

test("there is a row for each of the 42 cases, and bytes or the reason why there are none", () => {
  expect(corpus.map(({ row }) => row)).toEqual(Array.from({ length: 42 }, (_, index) => index + 1));
  for (const { inputs, notBytes } of corpus) expect(inputs.length === 0).toBe(notBytes !== undefined);
});

describe.each(corpus.filter(({ inputs }) => inputs.length > 0))("$row: $name", (row) => {
  test.each(row.inputs)("$what: $outcome", (input) => {
    check(row, input, [input.bytes]);
    check(
      row,
      input,
      Array.from(input.bytes, (byte) => Uint8Array.of(byte)),
    );
  });
});

function check({ role }: CorpusRow, { after, version, bytes, outcome }: CorpusInput, pieces: readonly Uint8Array[]): void {
  const engine =
    role === "server"
      ? new FuzzedServer(new Calm(), new SessionState(), 1_000)
      : new FuzzedClient(new Calm(), new SessionState(), version, 1_000);
  if (after === "connect") engine.receive(encodeToBytes(role === "server" ? connect(version) : connack, version));
  for (const piece of pieces) if (!engine.isClosed) engine.receive(piece);
  expect(engine.view.findings).toEqual([]);
  if (typeof outcome === "object") {
    expect(engine.isClosed, bytes.toString()).toBe(true);
    expect(engine.error?.reasonCode).toBe(outcome.endsWith);
    return;
  }
  expect(engine.error).toBeUndefined();
  expect(engine.connection.isOpen).toBe(true);
}

function connect(version: 3 | 4 | 5): Parameters<typeof encodeToBytes>[0] {
  return { type: 1, protocolVersion: version, cleanStart: true, keepAlive: 0, clientIdentifier: "c" };
}
const connack: Parameters<typeof encodeToBytes>[0] = { type: 2, sessionPresent: false, reasonCode: 0 };
