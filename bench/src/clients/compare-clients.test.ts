import { expect, test } from "vitest";
import { clientCases, compareClients, nameOfClientCase } from "./compare-clients.ts";

// Half of what is promised: beside other tests a single short round swings.
for (const one of clientCases) {
  test(`${nameOfClientCase(one)} costs at least ${one.target / 2} times less CPU than MQTT.js`, { timeout: 60_000 }, async () => {
    const { sides } = await compareClients(one, { rounds: 1, warm: 20_000, ours: 200_000, theirs: 40_000 }, ["callbacks"]);
    expect(sides.map(({ library, verified }) => [library, verified])).toEqual([
      ["mqttjs", 1],
      ["client", 1],
      ["drop-in", 1],
    ]);
    expect(sides.filter(({ library, ratio }) => library !== "mqttjs" && ratio < one.target / 2)).toEqual([]);
  });
}
