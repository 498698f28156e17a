import { expect, test } from "vitest";
import { startBowline } from "../brokers/start-bowline.ts";
import { measureConnections } from "./measure.ts";
import { measureIdle } from "./measure-idle.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const HELD = 2000;
/** Its part of the 6 KiB: the rest is the system's, the allocators' and what connecting leaves behind. */
const HEAP_BYTES = 4200;

test(`an idle connection holds at most ${HEAP_BYTES} bytes of heap`, { timeout: 60_000 }, async () => {
  const broker = await startBowline({ limits: {}, reportsMemory: true });
  try {
    const options = { mode: "hold", n: 32, count: HELD, ...broker.login } as const;
    // What the first ones compile and make is no cost of each.
    await measureConnections(broker, { ...options, seconds: 0.1 });
    // Those that are not quite gone yet would be taken for what was there before.
    await connected(broker.admin, 0);
    const before = await broker.memory();
    let during: number | undefined;
    // On a busy machine they are gone before the heap has been looked at.
    for (const seconds of [3, 15]) {
      const holding = measureConnections(broker, { ...options, seconds });
      await connected(broker.admin, HELD);
      const { heap } = await broker.memory();
      if (await areConnected(broker.admin, HELD)) during = heap;
      expect(await holding).toMatchObject({ ok: true });
      if (during !== undefined) break;
    }
    const bytes = (during! - before.heap) / HELD;
    console.log(`figure: heap of an idle connection ${bytes.toFixed(0)} bytes`);
    expect(bytes).toBeLessThan(HEAP_BYTES);
    expect(bytes).toBeGreaterThan(1000);
  } finally {
    await broker.stop();
  }
});

/** Asking takes a round trip each time, so this does not spin. */
async function connected(admin: string, count: number): Promise<void> {
  while (!(await areConnected(admin, count)));
}

async function areConnected(admin: string, count: number): Promise<boolean> {
  const text = await (await fetch(`${admin}/metrics`)).text();
  return new RegExp(`^bowline_connections(\\{[^}]*\\})? ${count}$`, "m").test(text);
}

const reason = isLong ? "" : " (10,000 of them: the long run)";
test.runIf(isLong)(`idle connections over TCP and TLS cost what they may${reason}`, { timeout: 240_000 }, async () => {
  for (const { transport, bytes, isVerified, mostBytes } of await measureIdle(3)) {
    console.log(`figure: idle ${transport} connections: ${bytes.toFixed(0)} bytes each, of ${mostBytes}`);
    expect(isVerified).toBe(true);
    expect(bytes).toBeLessThanOrEqual(mostBytes);
  }
});
