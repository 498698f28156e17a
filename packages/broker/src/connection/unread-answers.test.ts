import { PacketType } from "@bowline/protocol";
import { BrokerWorld, type TestClient } from "@bowline/testkit/broker";
import { expect, test } from "vitest";
import { defaultLimits } from "./broker-limits.ts";

/* A client that asks and never reads the answers: they are the one thing that is written to it without a queue. */

const limits = { ...defaultLimits, maximumBufferedBytes: 1_024, maximumPacketSize: 65_536 };
const PINGS = Buffer.alloc(60_000).fill(Buffer.of(0xc0, 0));

async function deaf(version: 4 | 5): Promise<{ world: BrokerWorld; client: TestClient }> {
  const world = await BrokerWorld.start({ limits });
  const client = await world.client(version, { clientIdentifier: "deaf" });
  client.channel.link.fromServer.stall();
  return { world, client };
}

test.each([4, 5] as const)(
  "version %i: a client that does not read its answers is let go before they fill the memory",
  async (version) => {
    const { world, client } = await deaf(version);
    let written = 0;
    const [connection] = world.broker.connections();
    for (; connection!.isOpen && written < 100; written++) {
      client.channel.write(PINGS);
      await world.settle();
    }
    // As much as messages may take, a largest packet, and a mebibyte of answers.
    expect(written * PINGS.length).toBeGreaterThan(1_048_576);
    expect(written * PINGS.length).toBeLessThan(
      1_048_576 + limits.maximumBufferedBytes + limits.maximumPacketSize + 3 * PINGS.length,
    );
    // It does not read that either.
    await world.clock.advance(200);
    expect([...world.broker.connections()]).toEqual([]);
  },
);

test("one that reads late, and then all of it, stays", async () => {
  const { world, client } = await deaf(5);
  for (let i = 0; i < 2; i++) client.channel.write(PINGS);
  await world.settle();
  client.channel.link.fromServer.release();
  expect(await client.takeOfType(PacketType.PINGRESP)).toHaveLength((2 * PINGS.length) / 2);
  expect(client.isClosed).toBe(false);
});
