import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createBroker } from "@bowline/broker";
import { connect } from "@bowline/client";

/** @type {import("@bowline/broker").Server} */
let server;
let url = "";

before(async () => {
  server = await createBroker({ memory: true, anonymous: true, console: false, listen: ["mqtt://127.0.0.1:0"] });
  [url = ""] = server.listeners; // with the port that was free
});
after(() => server.close());

test("a reading arrives", async () => {
  const client = connect(url);
  const readings = client.subscribe("plant/+/celsius");
  await readings.ready;
  await client.publish("plant/7/celsius", "21.5", { qos: 1 });
  for await (const reading of readings) {
    assert.equal(reading.json(), 21.5);
    break;
  }
  await client.close();
});

test("what the broker publishes is retained for whoever comes later", async () => {
  await server.broker.publish("plant/state", new TextEncoder().encode("up"), { retain: true });
  const client = connect(url);
  for await (const state of client.subscribe("plant/state")) {
    assert.equal(state.text(), "up");
    break;
  }
  await client.close();
});
