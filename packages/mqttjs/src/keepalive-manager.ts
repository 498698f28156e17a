/** What a manager needs of its client. */
export interface KeptAlive {
  readonly keepalive: number;
}

/**
 * When the server must have been heard of, in the terms of MQTT.js. The client itself pings by what was sent and received, so this
 * only tells.
 */
export class KeepaliveManager {
  keepaliveTimeoutTimestamp = 0;
  /** Ms */
  intervalEvery = 0;
  /** Ms */
  keepalive = 0;

  constructor(client: KeptAlive, _variant?: unknown) {
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
    this.keepaliveTimeoutTimestamp = Date.now() + Math.ceil(this.keepalive * 1.5);
  }

  destroy(): void {
    // There is nothing of its own to stop.
  }
}
