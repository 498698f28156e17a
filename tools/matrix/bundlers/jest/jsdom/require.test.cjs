const mqtt = require("@bowline/mqttjs");

test("the drop-in is required in a page that lacks TextEncoder and TextDecoder, and the file is the one for pages", () => {
  expect([typeof document, typeof TextEncoder, typeof TextDecoder]).toEqual(["object", "undefined", "undefined"]);
  expect([typeof mqtt.connect, mqtt.default.connect === mqtt.connect, mqtt.__esModule]).toEqual(["function", true, true]);
  expect(require.resolve("@bowline/mqttjs")).toMatch(/browser\.cjs$/);
});
