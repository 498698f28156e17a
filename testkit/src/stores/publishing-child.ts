import { writeSync } from "node:fs";
import { connect, fileStore } from "@bowline/client";

/** What the process is told by its one argument, as JSON. */
export interface PublishingTask {
  readonly url: string;
  readonly credentials: { username: string; password: string };
  readonly ca: string;
  readonly folder: string;
  /** The first number, and how many; one message of QoS 1 and one of QoS 2 for each. */
  readonly from: number;
  readonly count: number;
  /** Publications that may wait to be stored. */
  readonly window: number;
}

/**
 * The process that is killed. It publishes numbers and writes a line for each event: `1 N` and `2 N` when the message with that
 * number and QoS is stored, `end` when everything is acknowledged.
 */
async function main(task: PublishingTask): Promise<void> {
  const { url, credentials, ca, folder, from, count, window } = task;
  const client = connect(url, {
    credentials,
    tls: { ca },
    session: { clientId: "killed", store: fileStore(folder) },
    reconnect: { delay: () => 50, maximumTakeovers: 0 },
  });
  client.on("attemptFailed", () => undefined);
  client.on("publishFailed", ({ error }) => say(`failed ${error.message}`));
  const stored: Promise<void>[] = [];
  for (let number = from; number < from + count; number++) {
    for (const qos of [1, 2] as const) {
      const publication = client.publish(`kept/${qos}`, String(number), { qos });
      stored.push(publication.stored.then(() => say(`${qos} ${number}`)));
    }
    // oxlint-disable-next-line no-await-in-loop -- The window is the point.
    await stored[stored.length - 2 * window];
  }
  await Promise.all(stored);
  await client.publish("kept/end", "", { qos: 2 });
  await client.close();
  say("end");
}

/** A line that is written is read, whatever happens to this process the moment after. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

await main(JSON.parse(process.argv[2] as string) as PublishingTask);
