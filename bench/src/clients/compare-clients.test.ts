import { expect, test } from "vitest";
import { clientCases, compareClients, nameOfClientCase } from "./compare-clients.ts";

// Half of what is promised: beside other tests a single short round swings.
for (const one of clientCases) {
  const half = (one.target ?? 4) / 2;
  test(`${nameOfClientCase(one)} costs at least ${half} times less CPU than MQTT.js`, { timeout: 60_000 }, async () => {
    const { sides } = await compareClients(one, { rounds: 1, warm: 50_000, ours: 400_000, theirs: 50_000 }, ["callbacks"]);
    expect(sides.map(({ library, verified }) => [library, verified])).toEqual([
      ["mqttjs", 1],
      ["client", 1],
      ["drop-in", 1],
    ]);
    expect(sides.filter(({ library, ratio }) => library !== "mqttjs" && ratio < half)).toEqual([]);
  });
}
