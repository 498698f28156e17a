import { type Client, connect, type Message, type Subscription } from "@bowline/client";
import type { MeasuredRun } from "./measured-run.ts";
import { NUMBERS, TOPIC } from "./numbered-payloads.ts";

/** Bytes that may wait before a program that awaits nothing stops to publish. */
const BUFFERED = 1_048_576;

/**
 * `@bowline/client`. Its publications are promises for who awaits them; the form without is a program that heeds `bufferedAmount` and
 * `drain`. Messages come to a handler, or to a loop.
 */
export async function runClient(run: MeasuredRun): Promise<void> {
  const { port, version, direction, form, inflight } = run.options;
  // The program without promises is held back by the limit of the outbox.
  const outbox = form === "callbacks" && run.options.qos > 0 ? { maximumMessages: inflight } : {};
  const client = connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: version, outbox });
  client.on("attemptFailed", () => run.faults++);
  client.on("publishFailed", () => run.faults++);
  await client.online();
  run.begin();
  if (direction === "receive") await receive(client, run);
  else if (form === "promises") publishPromises(client, run);
  else if (run.options.qos === 0) publishAtMostOnce(client, run);
  else publishUntilFull(client, run);
  await run.done;
  await client.close();
}

async function receive(client: Client, run: MeasuredRun): Promise<void> {
  const { qos, form } = run.options;
  const handler = (message: Message): void => run.came(message.topicName, message.payload);
  const subscription = client.subscribe(TOPIC, { qos }, form === "callbacks" ? handler : undefined);
  if (form === "promises") void loop(subscription, run);
  await run.done;
  // Its answer comes after all that QoS 2 owes.
  await subscription.close();
}

async function loop(subscription: Subscription, run: MeasuredRun): Promise<void> {
  for await (const { topicName, payload } of subscription) run.came(topicName, payload);
}

function publishAtMostOnce(client: Client, run: MeasuredRun): void {
  const pump = (): void => {
    const room = client.bufferedAmount < BUFFERED ? run.room(0) : 0;
    for (let i = 0; i < room; i++) {
      client.publish(TOPIC, run.payloads[run.sent++ % NUMBERS]!);
      run.confirmed();
    }
    if (run.sent < run.options.count) setImmediate(pump);
  };
  pump();
}

/** Publishes one more than the outbox takes, and goes on when that says that it is half empty. */
function publishUntilFull(client: Client, run: MeasuredRun): void {
  const { qos, count, inflight } = run.options;
  const options = { qos };
  let room = inflight + 1;
  const pump = (): void => {
    for (; room > 0 && run.sent < count; room--) {
      const publication = client.publish(TOPIC, run.payloads[run.sent++ % NUMBERS]!, options);
      // They are acknowledged in order, so that the last stands for all.
      if (run.sent === count) publication.then(() => run.confirmedAll(), undefined);
    }
  };
  client.on("drain", () => {
    room = inflight - (inflight >> 1) + 1;
    pump();
  });
  pump();
}

function publishPromises(client: Client, run: MeasuredRun): void {
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
      client.publish(TOPIC, run.payloads[run.sent++ % NUMBERS]!, options).then(done, failed);
    }
  };
  pump();
}
