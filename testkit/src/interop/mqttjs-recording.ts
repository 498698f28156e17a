/** As much of a client as the recorder needs: MQTT.js's and ours have it both. */
export interface RecordedClient {
  on(event: string, listener: (...args: never[]) => void): unknown;
}

const events = [
  "connect",
  "message",
  "packetsend",
  "packetreceive",
  "reconnect",
  "close",
  "offline",
  "end",
  "error",
  "disconnect",
  "outgoingEmpty",
];

/** What a client did, in order, one line each; without what differs by chance (Packet Identifiers, ports). */
export class Recording {
  readonly lines: string[] = [];
  private readonly waiting = new Set<() => void>();

  readonly note = (line: string): void => {
    this.lines.push(line);
    for (const check of this.waiting) check();
  };

  watch(client: RecordedClient): void {
    for (const event of events) client.on(event, (...args: unknown[]) => this.note(eventLine(event, args)));
  }

  /** A callback whose call and first arguments are noted. */
  readonly callback =
    (name: string): ((...args: unknown[]) => void) =>
    (...args) =>
      this.note(`${name}: ${resultText(args)}`);

  /** Resolves when a line was noted that many times. */
  readonly until = (line: string, count = 1): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (this.lines.filter((noted) => noted.startsWith(line)).length < count) return;
        this.waiting.delete(check);
        resolve();
      };
      this.waiting.add(check);
      check();
    });
}

function eventLine(event: string, args: readonly unknown[]): string {
  if (event === "message") return `message ${String(args[0])} ${String(args[1])}`;
  if (event === "error") return `error ${errorText(args[0])}`;
  if (event === "packetsend" || event === "packetreceive" || event === "disconnect") return `${event} ${packetText(args[0])}`;
  return event;
}

function packetText(packet: unknown): string {
  const { cmd, topic, qos, returnCode, reasonCode, granted, subscriptions, unsubscriptions } = packet as Record<string, unknown>;
  const parts: unknown[] = [cmd];
  if (cmd === "publish") parts.push(topic, qos);
  // Some packets that MQTT.js sends have a Reason Code of 0 and others none: it means the same.
  if (returnCode || reasonCode) parts.push(returnCode ?? reasonCode);
  if (granted !== undefined) parts.push(JSON.stringify(granted));
  if (subscriptions !== undefined)
    parts.push((subscriptions as { topic: string; qos: number }[]).map((s) => `${s.topic}@${s.qos}`));
  if (unsubscriptions !== undefined) parts.push(unsubscriptions);
  return parts.map(String).join(" ");
}

function resultText([error, result]: readonly unknown[]): string {
  if (error instanceof Error) return errorText(error);
  if (Array.isArray(result)) return JSON.stringify(result);
  return result === undefined ? "done" : packetText(result);
}

function errorText(error: unknown): string {
  const { message, code } = error as { message: string; code?: string | number };
  return `${message.replace(/127\.0\.0\.1:\d+/, "HOST")}${code === undefined ? "" : ` (${String(code)})`}`;
}
