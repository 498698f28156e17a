import { z } from "zod";

/** What the broker publishes about its clients. */
export interface EventsConfig {
  /**
   * Publishes who comes and goes, in AWS IoT's form, on $events/presence/connected/ID, disconnected/ID and connect_failed/ID of
   * each tenant. Default: false.
   */
  presence: boolean;
  /** Publishes subscriptions made and ended, on $events/subscriptions/subscribed/ID and unsubscribed/ID. Default: false. */
  subscriptions: boolean;
}

/** @see EventsConfig */
export const eventsSchema: z.ZodType<EventsConfig, { [K in keyof EventsConfig]?: EventsConfig[K] | undefined }> = z.strictObject({
  presence: z
    .boolean()
    .default(false)
    .describe(
      "Publishes who comes and goes, in AWS IoT's form, on $events/presence/connected/ID, disconnected/ID and connect_failed/ID of each tenant.",
    ),
  subscriptions: z
    .boolean()
    .default(false)
    .describe("Publishes subscriptions made and ended, on $events/subscriptions/subscribed/ID and unsubscribed/ID."),
});
