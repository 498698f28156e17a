const mqtt = require("@bowline/mqttjs");

test("the drop-in passes every case when it is required", async () => {
  const { runCases } = await import("../../../../../testkit/dist/runtimes/case.js");
  const { dropInCases } = await import("../../../../../testkit/dist/runtimes/drop-in-cases.js");
  const results = await runCases(dropInCases(mqtt, JSON.parse(process.env.BOWLINE_SETTING)));
  expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
}, 60_000);
