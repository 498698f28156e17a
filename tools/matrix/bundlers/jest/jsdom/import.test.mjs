import { connect, MqttError } from "@bowline/client";
import mqtt, { connect as connectAsMqttJs } from "@bowline/mqttjs";

test("both packages are imported in a page that lacks TextEncoder and TextDecoder", () => {
  expect([typeof document, typeof TextEncoder, typeof TextDecoder]).toEqual(["object", "undefined", "undefined"]);
  expect([typeof connect, typeof MqttError, mqtt.connect === connectAsMqttJs]).toEqual(["function", "function", true]);
});
