import { OutBuffer } from "@bowline/protocol/internal";
import type { LoadContext } from "./load-context.ts";
import { nowNs } from "./monotonic-time.ts";
import { disconnection } from "./read-connack.ts";
import { TimeRing } from "./time-ring.ts";

const PINGRESP = 13;

/** The Packet Identifier after this one. */
export function following(identifier: number): number {
  return identifier === 0xffff ? 1 : identifier + 1;
}

/**
 * What a broker answers to the messages of one publisher. Checks that answers come in the order of the messages
 * ([MQTT-4.6.0-2] [MQTT-4.6.0-3] [MQTT-4.6.0-4]).
 */
export class Acknowledgements {
  /** Messages that are done with. */
  count = 0;
  /** Answers to PUBRECs, to be written. */
  readonly answers: OutBuffer = new OutBuffer();
  private readonly context: LoadContext;
  /** When what is not acknowledged was sent or due; only where nobody receives it, so that this is all the latency there is. */
  private readonly times: TimeRing | undefined;
  /** Identifiers whose PUBACK or PUBREC, and whose PUBCOMP, is next in order. */
  private nextReceived = 1;
  private nextCompleted = 1;

  constructor(context: LoadContext) {
    this.context = context;
    if (context.fan === 0 && context.options.qos > 0) this.times = new TimeRing();
  }

  /** A message left, at QoS 1 or 2. */
  sent(timeNs: number): void {
    this.times?.put(timeNs);
  }

  /** Takes a packet that is no CONNACK; answers why the connection must end, if it must. */
  take(bytes: Uint8Array, at: number, end: number): string | undefined {
    const type = bytes[at]! >>> 4;
    if (type === PINGRESP) return undefined;
    if (type < 4 || type > 7 || type === 6) return disconnection(bytes, at, end);
    const reasonCode = end - at > 4 ? bytes[at + 4]! : 0;
    // 0x10: taken, and nobody is subscribed.
    if (reasonCode !== 0 && reasonCode !== 0x10) return `the broker refused a message (0x${reasonCode.toString(16)})`;
    const identifier = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    if (type === 7) this.completed(identifier);
    else this.received(type, identifier);
    return undefined;
  }

  /** PUBACK or PUBREC. */
  private received(type: number, identifier: number): void {
    if (identifier !== this.nextReceived) this.context.faults.bad++;
    this.nextReceived = following(identifier);
    if (type === 4) {
      this.settled();
      return;
    }
    const out = this.answers;
    out.ensure(4);
    out.buffer[out.end] = 0x62;
    out.buffer[out.end + 1] = 2;
    out.buffer[out.end + 2] = identifier >>> 8;
    out.buffer[out.end + 3] = identifier;
    out.end += 4;
  }

  private completed(identifier: number): void {
    if (identifier !== this.nextCompleted) this.context.faults.bad++;
    this.nextCompleted = following(identifier);
    this.settled();
  }

  private settled(): void {
    this.count++;
    if (this.times !== undefined) this.context.latencies.add(nowNs() - this.times.take(), 1);
  }
}
