import mqtt from "@bowline/mqttjs"; // it was: import mqtt from "mqtt";

/**
 * @param {string} url
 * @param {{ username: string, password: string }} user
 */
export function start(url, user) {
  const client = mqtt.connect(url, user);
  client.on("connect", () => {
    client.subscribe("demo/#", { qos: 1 }, () => client.publish("demo/hello", "Hello", { qos: 1 }));
  });
  client.on("message", (topic, payload) => console.log(topic, payload.toString()));
  client.on("error", (error) => console.error(error.message));
  return client;
}
