import { expect, test } from "vitest";
import { clientCases, compareClients, nameOfClientCase } from "./compare-clients.ts";

// Daily those with a promise, and half of it: beside other tests a single short round swings.
const isLong = process.env["BOWLINE_LONG"] === "1";
for (const one of clientCases.filter(({ target }) => isLong || target !== undefined)) {
  const half = (one.target ?? 4) / 2;
  test(`${nameOfClientCase(one)} costs at least ${half} times less CPU than MQTT.js`, { timeout: 60_000 }, async () => {
    const { sides } = await compareClients(one, { rounds: 1, warm: 25_000, ours: 200_000, theirs: 25_000 }, ["callbacks"]);
    expect(sides.map(({ library, verified }) => [library, verified])).toEqual([
      ["mqttjs", 1],
      ["client", 1],
      ["drop-in", 1],
    ]);
    expect(sides.filter(({ library, ratio }) => library !== "mqttjs" && ratio < half)).toEqual([]);
  });
}
