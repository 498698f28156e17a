import { type Client, connect, type Message, type Subscription } from "@bowline/client";
import type { MeasuredRun } from "./measured-run.ts";
import { TOPIC_FILTER } from "./numbered-payloads.ts";
import { publishAll } from "./publish-all.ts";

/** `@bowline/client`: its publications call back by `then`, or are awaited; messages come to a handler, or to a loop. */
export async function runClient(run: MeasuredRun): Promise<void> {
  const { port, version, direction, qos } = run.options;
  const client = connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: version });
  client.on("attemptFailed", () => run.faults++);
  await client.online();
  run.begin();
  if (direction === "receive") await receive(client, run);
  else {
    const options = { qos };
    publishAll(run, {
      publish: (topic, payload, heard) => void client.publish(topic, payload, options).then(heard.done, heard.failed),
      publishAsync: (topic, payload) => client.publish(topic, payload, options),
    });
    await run.done;
  }
  await client.close();
}

async function receive(client: Client, run: MeasuredRun): Promise<void> {
  const { qos, form } = run.options;
  const handler = (message: Message): void => run.came(message.topicName, message.payload);
  const subscription = client.subscribe(TOPIC_FILTER, { qos }, form === "callbacks" ? handler : undefined);
  if (form === "promises") void loop(subscription, run);
  await run.done;
  // Its answer comes after all that QoS 2 owes.
  await subscription.close();
}

async function loop(subscription: Subscription, run: MeasuredRun): Promise<void> {
  for await (const { topicName, payload } of subscription) run.came(topicName, payload);
}
