import type { Timer, TimerVariant } from "./options.ts";

/** What a manager needs of its client. */
export interface KeptAlive {
  readonly keepalive: number;
  sendPing(): void;
  onKeepaliveTimeout(): void;
}

const native: Timer = {
  set: (callback, intervalMs) => setInterval(callback, intervalMs),
  clear: (timer: never) => clearInterval(timer),
};
const none: Timer = { set: () => undefined, clear: () => undefined };

/**
 * Pings a client each `keepalive` and cuts it half of that later, unless it is rescheduled, as in MQTT.js. A client itself pings by
 * what was sent and received: its own manager has no timer, and only tells when the server must have been heard of.
 */
export class KeepaliveManager {
  keepaliveTimeoutTimestamp = 0;
  /** Ms */
  intervalEvery = 0;
  /** Ms */
  keepalive = 0;
  private counter = 0;
  private timerId: unknown;
  private destroyed = false;
  private readonly timer: Timer;
  private readonly client: KeptAlive;

  /** @param variant none for a manager that only tells */
  constructor(client: KeptAlive, variant?: TimerVariant | Timer) {
    this.client = client;
    this.timer = typeof variant === "object" ? variant : variant === undefined ? none : native;
    this.setKeepalive(client.keepalive);
  }

  /** @param value seconds */
  setKeepalive(value: number): void {
    const keepalive = value * 1000;
    if (!(keepalive > 0 && keepalive <= 0x7fff_ffff)) {
      throw new Error(`Keepalive value must be an integer between 0 and 2147483647. Provided value is ${keepalive}`);
    }
    this.keepalive = keepalive;
    this.intervalEvery = Math.ceil(keepalive / 2);
    this.reschedule();
  }

  reschedule(): void {
    if (this.destroyed) return;
    this.clear();
    this.counter = 0;
    this.keepaliveTimeoutTimestamp = Date.now() + Math.ceil(this.keepalive * 1.5);
    this.timerId = this.timer.set(() => {
      this.counter++;
      if (this.counter === 2) this.client.sendPing();
      else if (this.counter > 2) this.client.onKeepaliveTimeout();
    }, this.intervalEvery);
  }

  destroy(): void {
    this.clear();
    this.destroyed = true;
  }

  private clear(): void {
    if (this.timerId) this.timer.clear(this.timerId as never);
    this.timerId = undefined;
  }
}
