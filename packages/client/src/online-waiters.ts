import type { MqttError } from "@bowline/protocol";
import { aborted, onAbort } from "./on-abort.ts";
import type { OnlineStatus } from "./status.ts";

interface Waiter {
  readonly resolve: (status: OnlineStatus) => void;
  readonly reject: (error: MqttError) => void;
  off?: () => void;
}

/** Whoever waits for the next CONNACK. */
export class OnlineWaiters {
  private readonly waiters = new Set<Waiter>();

  wait(signal: AbortSignal | undefined): Promise<OnlineStatus> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { resolve, reject };
      this.waiters.add(waiter);
      waiter.off = onAbort(signal, () => {
        this.waiters.delete(waiter);
        reject(aborted(signal));
      });
    });
  }

  resolve(status: OnlineStatus): void {
    for (const waiter of this.take()) waiter.resolve(status);
  }

  reject(error: MqttError): void {
    for (const waiter of this.take()) waiter.reject(error);
  }

  private take(): Waiter[] {
    const all = [...this.waiters];
    this.waiters.clear();
    for (const { off } of all) off?.();
    return all;
  }
}
