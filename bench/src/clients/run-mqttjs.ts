import type mqttjs from "mqtt";
import type { MeasuredRun } from "./measured-run.ts";
import { NUMBERS, TOPIC } from "./numbered-payloads.ts";

/** What both clients with the interface of MQTT.js do: npm's own and the drop-in. */
export async function runMqttjs(connect: typeof mqttjs.connect, run: MeasuredRun): Promise<void> {
  const { port, version, direction, form } = run.options;
  const client = connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: version });
  client.on("error", () => run.faults++);
  await new Promise<void>((resolve) => client.once("connect", () => resolve()));
  run.begin();
  if (direction === "receive") receive(client, run);
  else if (form === "promises") publishPromises(client, run);
  else publishCallbacks(client, run);
  await run.done;
  // Its answer comes after all that QoS 2 owes.
  if (direction === "receive") await client.unsubscribeAsync(TOPIC);
  await client.endAsync();
}

function receive(client: mqttjs.MqttClient, run: MeasuredRun): void {
  client.on("message", (topic, payload) => run.came(topic, payload));
  client.subscribe(TOPIC, { qos: run.options.qos });
}

function publishCallbacks(client: mqttjs.MqttClient, run: MeasuredRun): void {
  const { qos } = run.options;
  const options = { qos };
  let outstanding = 0;
  let isPumping = false;
  const done = (error?: Error | null): void => {
    if (error) run.faults++;
    outstanding--;
    run.confirmed();
    if (!isPumping) pump();
  };
  const pump = (): void => {
    isPumping = true;
    for (let room = run.room(outstanding); room > 0; room--) {
      outstanding++;
      client.publish(TOPIC, run.payloads[run.sent++ % NUMBERS]!, options, done);
    }
    isPumping = false;
    // A client that confirms in the call itself would never let anything else run.
    if (qos === 0 && outstanding === 0 && run.room(0) > 0) setImmediate(pump);
  };
  pump();
}

function publishPromises(client: mqttjs.MqttClient, run: MeasuredRun): void {
  const { qos } = run.options;
  const options = { qos };
  let outstanding = 0;
  const done = (): void => {
    outstanding--;
    run.confirmed();
    if (qos > 0) pump();
    else if (outstanding === 0) setImmediate(pump);
  };
  const failed = (): void => {
    run.faults++;
    done();
  };
  const pump = (): void => {
    for (let room = run.room(outstanding); room > 0; room--) {
      outstanding++;
      client.publishAsync(TOPIC, run.payloads[run.sent++ % NUMBERS]!, options).then(done, failed);
    }
  };
  pump();
}
