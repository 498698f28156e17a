import { MqttError } from "@bowline/protocol";
import { utf8Decoder, utf8Encoder } from "@bowline/protocol/internal";
import type { Clock } from "@bowline/protocol/internal";
import type { Client } from "./client.ts";
import type { Message } from "./message.ts";
import { onAbort } from "./on-abort.ts";
import type { Payload, RequestOptions } from "./options.ts";
import type { Subscription } from "./subscription.ts";

type Settle = (answer: Message | MqttError) => void;

/**
 * Requests and their answers, section 4.10: one response topic for the client, subscribed at the first request, and a number of
 * ours as Correlation Data of each. Loaded at the first request.
 */
export class Requester {
  private readonly client: Client;
  private readonly clock: Clock;
  private readonly pending = new Map<string, Settle>();
  private lastNumber = 0;
  private subscription: Subscription | undefined;

  constructor(client: Client, clock: Clock) {
    this.client = client;
    this.clock = clock;
    client.on("status", (status) => {
      if (status.state === "failed") this.fail(status.failure.error);
      else if (status.state === "closed") this.fail(new MqttError("CLIENT_CLOSED"));
    });
  }

  request(topicName: string, payload: Payload | undefined, options: RequestOptions): Promise<Message> {
    const { timeoutMs = 30_000, ...publishOptions } = options;
    const number = String(++this.lastNumber);
    return new Promise((resolve, reject) => {
      const settle: Settle = (answer) => {
        if (!this.pending.delete(number)) return;
        this.clock.clearTimer(timer);
        off();
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      };
      this.pending.set(number, settle);
      const timer = this.clock.setTimer(
        () => settle(new MqttError("TIMEOUT", { detail: `no answer within ${timeoutMs} ms` })),
        timeoutMs,
      );
      const off = onAbort(options.signal, () => settle(new MqttError("ABORTED", { cause: options.signal?.reason })));
      try {
        const responseTopic = this.responseTopic();
        this.client
          .publish(topicName, payload, { ...publishOptions, responseTopic, correlationData: utf8Encoder().encode(number) })
          .then(undefined, (error: unknown) => settle(error as MqttError));
      } catch (error) {
        settle(error as MqttError);
      }
    });
  }

  /** Every request fails with that error. */
  private fail(error: MqttError): void {
    for (const settle of this.pending.values()) settle(error);
  }

  private responseTopic(): string {
    if (this.subscription === undefined) {
      const { status, clientId } = this.client;
      const prefix = (status.state === "online" ? status.properties.responseInformation : undefined) ?? "bowline/response";
      const topic = `${prefix}/${encodeURIComponent(clientId)}`;
      const subscription = this.client.subscribe(topic, { qos: 1 }, (message) => this.answered(message));
      this.subscription = subscription;
      subscription.ready.catch((error: unknown) => {
        this.subscription = undefined;
        this.fail(error as MqttError);
      });
    }
    return this.subscription.topicFilters[0] as string;
  }

  private answered(message: Message): void {
    const { correlationData } = message.properties;
    if (correlationData !== undefined) this.pending.get(utf8Decoder().decode(correlationData))?.(message);
  }
}
