import type { MeasuredRun } from "./measured-run.ts";
import { NUMBERS, topicOf } from "./numbered-payloads.ts";

/** Where a client says that a message was confirmed or failed: one pair for all messages, so that nothing is made for each. */
export interface Heard {
  readonly done: () => void;
  readonly failed: () => void;
}

/** How one client publishes the next message. */
export interface Publisher {
  publish(topic: string, payload: Buffer, heard: Heard): void;
  publishAsync(topic: string, payload: Buffer): PromiseLike<unknown>;
}

/** Publishes the messages of a run, so many of them under way. */
export function publishAll(run: MeasuredRun, publisher: Publisher): void {
  if (run.options.form === "callbacks") publishWithCallbacks(run, publisher);
  else for (let i = 0; i < run.options.inflight; i++) void publishAwaiting(run, publisher);
}

function publishWithCallbacks(run: MeasuredRun, publisher: Publisher): void {
  const { qos, topics } = run.options;
  let outstanding = 0;
  let isPumping = false;
  const done = (): void => {
    outstanding--;
    run.confirmed();
    if (isPumping) return;
    if (qos > 0) pump();
    else if (outstanding === 0) setImmediate(pump);
  };
  const failed = (): void => {
    run.faults++;
    done();
  };
  const heard = { done, failed };
  const pump = (): void => {
    isPumping = true;
    for (let room = run.room(outstanding); room > 0; room--) {
      outstanding++;
      const message = run.sent++;
      publisher.publish(topicOf(message, topics), run.payloads[message % NUMBERS]!, heard);
    }
    isPumping = false;
    // A client that confirms in the call itself would never let anything else run.
    if (qos === 0 && outstanding === 0 && run.room(0) > 0) setImmediate(pump);
  };
  pump();
}

/** One of the loops that publish a message after the other. */
async function publishAwaiting(run: MeasuredRun, publisher: Publisher): Promise<void> {
  const { count, topics } = run.options;
  while (run.sent < count) {
    const message = run.sent++;
    try {
      await publisher.publishAsync(topicOf(message, topics), run.payloads[message % NUMBERS]!);
    } catch {
      run.faults++;
    }
    run.confirmed();
  }
}
