import { type Client, connect, type Status } from "@bowline/client";
import { type BowlineProcess, COLD_USER, startBowline } from "../brokers/start-bowline.ts";

/** How clients come back: as ours do by themselves, or each of them after one second, again and again. */
export type ReturnKind = "backoff" | "everySecond";

/** What a restart is to many clients, each of which has a user and a password of its own. */
export interface ReturnOfMany {
  readonly clients: number;
  /** Logins per second while all of them connect for the first time: each password is hashed. */
  readonly coldPerSecond: number;
  readonly returns: readonly OneReturn[];
}

export interface OneReturn {
  readonly kind: ReturnKind;
  /** From when the broker listens again until the last client is back. */
  readonly seconds: number;
  /** Refusals by their Reason Code: what each client that waited too long was told. */
  readonly refused: Readonly<Record<number, number>>;
}

const DELAYS: Readonly<Record<ReturnKind, { reconnect?: { delay: () => number } }>> = {
  backoff: {},
  everySecond: { reconnect: { delay: () => 1000 } },
};

/** Kills the broker under so many clients, for each kind, and waits until all are back. Everything comes from one address. */
export async function measureReturn(
  count: number,
  kinds: readonly ReturnKind[] = ["backoff", "everySecond"],
): Promise<ReturnOfMany> {
  const broker = await startBowline({ coldUsers: count, isDurable: true });
  try {
    const returns: OneReturn[] = [];
    let coldPerSecond = 0;
    for (const kind of kinds) {
      const crowd = new Crowd(broker, count, kind);
      try {
        const seconds = await crowd.connected();
        // The second crowd finds its passwords remembered.
        if (returns.length === 0) coldPerSecond = count / seconds;
        returns.push({ kind, ...(await crowd.back(broker)) });
      } finally {
        await crowd.close();
      }
    }
    return { clients: count, coldPerSecond, returns };
  } finally {
    await broker.stop();
  }
}

class Crowd {
  private readonly clients: readonly Client[];
  private readonly online = new Set<Client>();
  private readonly refused: Record<number, number> = {};
  private readonly startMs = performance.now();
  private allOnline: () => void = () => {};

  constructor(broker: BowlineProcess, count: number, kind: ReturnKind) {
    this.clients = Array.from({ length: count }, (_, i) => {
      const client = connect(`mqtt://127.0.0.1:${broker.port}`, {
        credentials: { username: `${COLD_USER}-${i}`, password: broker.login.password },
        ...DELAYS[kind],
      });
      client.on("attemptFailed", ({ reasonCode }) => {
        if (reasonCode !== undefined) this.refused[reasonCode] = (this.refused[reasonCode] ?? 0) + 1;
      });
      client.on("status", (status) => this.changed(client, status));
      return client;
    });
  }

  /** Seconds until all were connected for the first time. */
  async connected(): Promise<number> {
    await this.all();
    return (performance.now() - this.startMs) / 1000;
  }

  async back(broker: BowlineProcess): Promise<Omit<OneReturn, "kind">> {
    for (const code of Object.keys(this.refused)) delete this.refused[Number(code)];
    await broker.restart("SIGKILL");
    const fromMs = performance.now();
    await this.all();
    return { seconds: (performance.now() - fromMs) / 1000, refused: this.refused };
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.abort()));
  }

  private changed(client: Client, { state }: Status): void {
    if (state === "online") this.online.add(client);
    else this.online.delete(client);
    if (this.online.size === this.clients.length) this.allOnline();
  }

  private all(): Promise<void> {
    if (this.online.size === this.clients.length) return Promise.resolve();
    return new Promise((resolve) => {
      this.allOnline = resolve;
    });
  }
}
