import { PacketType } from "@bowline/protocol";
import { beforeAll, describe, expect, test } from "vitest";
import { stage } from "./testing/client-on-script.ts";
import { failOnUnhandledRejections } from "./testing/unhandled-rejections.ts";
import { turn } from "./testing/virtual-clock.ts";

const { CONNACK, DISCONNECT } = PacketType;
const bad = (reasonCode: number) => ({ type: CONNACK, sessionPresent: false, reasonCode }) as const;

failOnUnhandledRejections();
// Loaded on demand, which takes real time the first time.
beforeAll(() => import("./renewal.ts"));

describe("credentials", () => {
  test("are asked before every attempt, and told why", async () => {
    const asked: unknown[] = [];
    const { server, clock, client } = await stage({
      credentials: ({ attempt, lastFailure }) => {
        asked.push([attempt, lastFailure?.code]);
        return { username: "u", password: String(asked.length) };
      },
    });
    server.link.cut();
    await clock.advance(1000);
    expect(asked).toEqual([
      [1, undefined],
      [2, "CONNECTION_LOST"],
    ]);
    expect(server.connects.map(({ password }) => new TextDecoder().decode(password))).toEqual(["1", "2"]);
    expect(client.status.state).toBe("online");
  });

  test("new ones are tried after a refusal, the same ones are not", async () => {
    let password = "old";
    const { server, clock, client, failures } = await stage({ credentials: () => ({ username: "u", password }) }, (it) => {
      it.script = (packet, link) => {
        if (packet.type !== 1 || new TextDecoder().decode(packet.password) === "good") return false;
        link.send(bad(0x86));
        return true;
      };
    });
    expect(failures[0]).toMatchObject({ code: "BAD_CREDENTIALS", retryInMs: 1000 });
    await clock.advance(1000);
    expect(server.connects).toHaveLength(1);
    expect(client.status.state).toBe("failed");
    expect(failures).toHaveLength(2);
    password = "good";
    client.reconnect();
    await turn();
    expect(client.status.state).toBe("online");
  });

  test("that never come are a failure of the attempt", async () => {
    const signals: AbortSignal[] = [];
    const { clock, failures } = await stage({
      connectTimeoutMs: 500,
      credentials: ({ signal }) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
    });
    await clock.advance(500);
    expect(failures[0]).toMatchObject({ code: "CREDENTIALS_TIMEOUT", stage: "input" });
    expect(signals[0]?.aborted).toBe(true);
  });

  test("are renewed before they end, without a will and without a failure", async () => {
    const clockRef: { now?: () => number } = {};
    let issued = 0;
    const { server, clock, failures, losses, client } = await stage({
      credentials: () => ({
        username: "u",
        password: String(++issued),
        expiresAt: 1_800_000_000_000 + (clockRef.now?.() ?? 0) + 4000,
      }),
    });
    clockRef.now = clock.now;
    await clock.advance(14_000);
    expect(server.connects.length).toBeGreaterThanOrEqual(4);
    expect(server.links.slice(0, -1).every((link) => link.of(DISCONNECT).length === 1)).toBe(true);
    expect([...failures, ...losses]).toEqual([]);
    expect(client.status.state).toBe("online");
  });

  test("that have ended when they come, since clocks differ, are asked for again every 30 s", async () => {
    const { server, clock, client } = await stage({ credentials: () => ({ expiresAt: new Date(1_700_000_000_000) }) });
    await clock.advance(95_000);
    expect(server.connects).toHaveLength(4);
    await client.close();
    expect(clock.pending).toBe(0);
  });

  test("whose end is no time are a failure, and no reconnect without a pause", async () => {
    const { failures, client } = await stage({ credentials: () => ({ expiresAt: new Date("tomorrow") }) });
    expect(failures).toMatchObject([{ code: "CREDENTIALS_FAILED", error: { message: expect.stringContaining("expiresAt") } }]);
    await client.close();
  });
});
