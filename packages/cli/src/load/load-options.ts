import type { QoS } from "@bowline/protocol";
import type { LoadServer } from "./load-server.ts";
import type { OwnMessage } from "./own-message.ts";

/** What one run of the load generator does. */
export interface LoadOptions {
  readonly server: LoadServer;
  /** pairs: each publisher has a topic and a subscriber of its own; shared: all have one topic. */
  readonly topology: "pairs" | "shared";
  /** 0: the subscribers get what others send, under the filter that stands in `prefix`. */
  readonly publishers: number;
  /** 0: nobody receives, and latency is the time to the acknowledgement. With pairs else as many as publishers. */
  readonly subscribers: number;
  /** Where the topics begin, without the slash after it; with `%i`, `%c` or `%u` in it the whole topic of each client. */
  readonly prefix: string;
  /**
   * Topics that a publisher takes in turn: with one a broker may treat equal headers as one, with two it cannot. Up to 10 their
   * subscriber has one filter; of more, an even number, each two have a wildcard filter of their own.
   */
  readonly topics: number;
  /** Of the publish and of the subscription. */
  readonly qos: QoS;
  /** Messages stay at the broker for those who subscribe later. */
  readonly retain: boolean;
  /** Messages of the user's own in place of the generator's, whose payload is of `size`. */
  readonly message: OwnMessage | undefined;
  /** Payload in bytes, at least 16: the first 16 hold time, publisher and sequence number. */
  readonly size: number;
  /** Closed loop: messages between a publisher and its subscribers (on average per subscriber, where it has several). It goes on at half. */
  readonly window: number;
  /** Closed loop: unacknowledged messages of one publisher, QoS 1 and 2, if the server takes so many. */
  readonly inflight: number;
  /** Above 0 the loop is open: messages published per second in total, whatever the broker does. */
  readonly rate: number;
  /** Seconds that are measured, and seconds before them that are not. */
  readonly seconds: number;
  readonly warm: number;
  /** Above 0: messages per publisher (per subscriber, where there are no publishers) instead of a time, measured to the last delivery without a warm-up. */
  readonly count: number;
  /** Seconds over which the connections are opened; 0 as fast as the broker takes them. */
  readonly ramp: number;
  /** The times of each connection are told at the end. */
  readonly hasTimes: boolean;
  readonly threads: number;
  /** Process of the broker, whose CPU and memory are read; 0 for none. */
  readonly pid: number;
  /** After this time without a delivery or an acknowledgement what is missing counts as lost, ms. */
  readonly patience: number;
}

/** How many subscribers get each message. */
export function fanOf({ topology, subscribers }: LoadOptions): number {
  return topology === "pairs" ? Math.min(subscribers, 1) : subscribers;
}
