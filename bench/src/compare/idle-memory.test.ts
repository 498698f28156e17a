import { expect, test } from "vitest";
import { startBowline } from "../brokers/start-bowline.ts";
import { measureConnections } from "./measure.ts";
import { measureIdle } from "./measure-idle.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const HELD = 2000;
/** Its part of the 6 KiB: the rest is the system's, the allocators' and what connecting leaves behind. */
const HEAP_BYTES = 4400;

test(`an idle connection holds at most ${HEAP_BYTES} bytes of heap`, async () => {
  const broker = await startBowline({ limits: {}, reportsMemory: true });
  try {
    const options = { mode: "hold", n: 32, count: HELD, ...broker.login } as const;
    // What the first ones compile and make is no cost of each.
    await measureConnections(broker, { ...options, seconds: 0.1 });
    const before = await broker.memory();
    const holding = measureConnections(broker, { ...options, seconds: 3 });
    await allConnected(broker.admin);
    const during = await broker.memory();
    expect(await holding).toMatchObject({ ok: true });
    const bytes = (during.heap - before.heap) / HELD;
    console.log(`figure: heap of an idle connection ${bytes.toFixed(0)} bytes`);
    expect(bytes).toBeLessThan(HEAP_BYTES);
    expect(bytes).toBeGreaterThan(1000);
  } finally {
    await broker.stop();
  }
});

/** Asking takes a round trip each time, so this does not spin. */
async function allConnected(admin: string): Promise<void> {
  const isAll = async (): Promise<boolean> =>
    new RegExp(`^bowline_connections(\\{[^}]*\\})? ${HELD}$`, "m").test(await (await fetch(`${admin}/metrics`)).text());
  while (!(await isAll()));
}

test.runIf(isLong)("idle connections over TCP and TLS cost what they may", { timeout: 240_000 }, async () => {
  for (const { transport, bytes, isVerified, mostBytes } of await measureIdle(3)) {
    console.log(`figure: idle ${transport} connections: ${bytes.toFixed(0)} bytes each, of ${mostBytes}`);
    expect(isVerified).toBe(true);
    expect(bytes).toBeLessThanOrEqual(mostBytes);
  }
});
