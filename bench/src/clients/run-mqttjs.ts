import type mqttjs from "mqtt";
import type { MeasuredRun } from "./measured-run.ts";
import { TOPIC_FILTER } from "./numbered-payloads.ts";
import { type Heard, publishAll } from "./publish-all.ts";

/** What both clients with the interface of MQTT.js do: npm's own and the drop-in. */
export async function runMqttjs(connect: typeof mqttjs.connect, run: MeasuredRun): Promise<void> {
  const { port, version, direction, qos } = run.options;
  const client = connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: version });
  client.on("error", () => run.faults++);
  await new Promise<void>((resolve) => client.once("connect", () => resolve()));
  run.begin();
  if (direction === "receive") {
    client.on("message", (topic, payload) => run.came(topic, payload));
    client.subscribe(TOPIC_FILTER, { qos });
  } else publish(client, run);
  await run.done;
  // Its answer comes after all that QoS 2 owes.
  if (direction === "receive") await client.unsubscribeAsync(TOPIC_FILTER);
  await client.endAsync();
}

function publish(client: mqttjs.MqttClient, run: MeasuredRun): void {
  const options = { qos: run.options.qos };
  let heard: Heard | undefined;
  const callback = (error?: Error | null): void => {
    if (error) heard?.failed();
    else heard?.done();
  };
  publishAll(run, {
    publish: (topic, payload, given) => {
      heard = given;
      client.publish(topic, payload, options, callback);
    },
    publishAsync: (topic, payload) => client.publishAsync(topic, payload, options),
  });
}
