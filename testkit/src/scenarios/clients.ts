import { type AttemptFailure, type Client, connect, type ConnectOptions } from "@bowline/client";
import mqtt, { type IClientOptions, type MqttClient } from "@bowline/mqttjs";

/** Polls at every turn of the loop until it holds; fails after the limit. */
export async function until(holds: () => boolean, limitMs: number = 8000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`it did not come about within ${limitMs} ms: ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Clients of both libraries, which end with the test, and what they told. */
export class Clients {
  private readonly made: (() => unknown)[] = [];

  core(url: string, options: ConnectOptions = {}): { client: Client; failures: AttemptFailure[]; losses: AttemptFailure[] } {
    const client = connect(url, options);
    const failures: AttemptFailure[] = [];
    const losses: AttemptFailure[] = [];
    client.on("attemptFailed", (failure) => failures.push(failure));
    client.on("connectionLost", (failure) => losses.push(failure));
    this.made.push(() => client.abort());
    return { client, failures, losses };
  }

  dropIn(url: string, options: IClientOptions = {}): { client: MqttClient; errors: Error[]; events: string[] } {
    const client = mqtt.connect(url, options);
    const errors: Error[] = [];
    const events: string[] = [];
    client.on("error", (error) => errors.push(error));
    for (const name of ["connect", "reconnect", "close", "offline", "end"] as const) client.on(name, () => events.push(name));
    this.made.push(() => client.endAsync(true));
    return { client, errors, events };
  }

  async end(): Promise<void> {
    await Promise.all(this.made.splice(0).map((end) => end()));
  }
}
