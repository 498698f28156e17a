import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type BrokerConfigInput,
  brokerConfigJsonSchema,
  loadConfig,
  type Logger,
  silentLogger,
  startServer,
} from "@bowline/broker/internal";
import { PacketType } from "@bowline/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Link } from "./link.ts";

/* row 32, CVE-2024-42644, CVE-2024-42645, CVE-2026-42209: every limit that is a number, at its least and at its most, alone and together. */

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-settings-"));
});
afterAll(() => rm(folder, { recursive: true }));

interface NumberSchema {
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

const schema = brokerConfigJsonSchema() as unknown as { properties: { limits: { properties: Record<string, NumberSchema> } } };
const numbers = Object.entries(schema.properties.limits.properties).filter(([, { type }]) => type === "integer");
type Limits = NonNullable<BrokerConfigInput["limits"]>;
const atLeast: Limits = Object.fromEntries(numbers.map(([name, { minimum }]) => [name, minimum!]));
const atMost: Limits = Object.fromEntries(numbers.map(([name, { maximum }]) => [name, maximum!]));

const cases: readonly (readonly [string, Limits])[] = [
  ["all at their least", atLeast],
  ["all at their most", atMost],
  ...[atLeast, atMost].flatMap((values) =>
    Object.entries(values).map(([name, value]) => [`${name} ${String(value)}`, { [name]: value }] as const),
  ),
];

/** What a client does, whatever it is told. */
async function talk(url: string, clientIdentifier: string, version: 4 | 5): Promise<void> {
  const link = await Link.open(url, version);
  const options = { qos: 2, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const properties = version === 5 ? { properties: { sessionExpiryInterval: 10, topicAliasMaximum: 10 } } : {};
  link.sendPacket(
    { type: PacketType.CONNECT, protocolVersion: version, cleanStart: false, keepAlive: 1, clientIdentifier, ...properties },
    version,
  );
  link.sendPacket(
    { type: PacketType.SUBSCRIBE, packetIdentifier: 1, subscriptions: [{ topicFilter: "a/+/#", ...options }] },
    version,
  );
  for (let i = 2; i < 8; i++) {
    const message = { topicName: "a/b/c", payload: new Uint8Array(40), retain: i % 2 === 0, dup: false } as const;
    link.sendPacket({ type: PacketType.PUBLISH, ...message, qos: 1, packetIdentifier: i }, version);
    link.sendPacket({ type: PacketType.PUBLISH, ...message, qos: 0 }, version);
  }
  link.sendPacket({ type: PacketType.PINGREQ }, version);
  await link.packet(PacketType.PINGRESP);
  link.end();
  await link.ended;
}

describe("each starts, answers or closes, and has no fault of its own", () => {
  test.each(cases)("%s", async (_what, limits) => {
    const faults: unknown[] = [];
    const logger: Logger = { ...silentLogger, error: (...line) => void faults.push(line), child: () => logger };
    const overrides = {
      data: "data",
      memory: true,
      anonymous: true,
      console: false,
      listen: ["mqtt://127.0.0.1:0"],
      limits,
    } as const;
    const config = await loadConfig({ directory: folder, overrides: { ...overrides, listen: [...overrides.listen] } });
    const server = await startServer({ config, logger, version: "0.0.0" });
    await talk(server.listeners[0]!, "five", 5);
    await talk(server.listeners[0]!, "five", 5);
    await talk(server.listeners[0]!, "four", 4);
    await server.close();
    expect(faults).toEqual([]);
  });

  test.each(numbers)("%s takes nothing beyond", async (name, { minimum, maximum }) => {
    for (const value of [minimum! - 1, maximum! + (maximum === Number.MAX_SAFE_INTEGER ? 2 : 1), 0.5, Number.NaN, "1", null]) {
      const overrides = { limits: { [name]: value } } as unknown as BrokerConfigInput;
      await expect(loadConfig({ directory: folder, overrides }), `${name}: ${String(value)}`).rejects.toMatchObject({
        code: "CONFIG_INVALID",
      });
    }
  });
});
