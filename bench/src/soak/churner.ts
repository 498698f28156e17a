import { type Client, connect, type ConnectOptions } from "@bowline/client";
import type { BowlineProcess } from "../brokers/start-bowline.ts";

/** Names that come again, so that sessions are resumed and taken over; half of all clients have a new one. */
const NAMES = 500;
const TOPICS = 200;
/** Sessions end so soon after their client: a phase that is over leaves none. */
const EXPIRY_SECONDS = 1;
const PAYLOADS = [0, 16, 200, 3000].map((size) => Buffer.alloc(size, "x"));

export interface ChurnCounts {
  connections: number;
  refused: number;
  messages: number;
}

/**
 * One client after the other, each of another kind: with and without TLS, of both versions, with a session that lasts or not, with a will,
 * with the wrong password; they subscribe, publish at every QoS, retain and clear, and leave with or without a word.
 */
export async function churn(
  broker: BowlineProcess,
  counts: ChurnCounts,
  random: () => number,
  isOver: () => boolean,
): Promise<void> {
  const pick = <T>(among: readonly T[]): T => among[Math.floor(random() * among.length)]!;
  const topic = (): string => `soak/${pick(["a", "b", "c"])}/${Math.floor(random() * TOPICS)}`;
  while (!isOver()) {
    const isStranger = random() < 0.02;
    const isTls = random() < 0.15;
    const client = connect(isTls ? `mqtts://127.0.0.1:${broker.tlsPort}` : `mqtt://127.0.0.1:${broker.port}`, {
      ...optionsOf(random, broker, isStranger),
      ...(isTls ? { tls: { rejectUnauthorized: false, servername: "localhost" } } : {}),
    });
    client.on("attemptFailed", () => counts.refused++);
    client.on("publishFailed", () => {});
    try {
      await client.online();
      counts.connections++;
      await live(client);
    } catch {
      // Refused, or taken over by a client of the same name: both are part of it.
    }
    await (random() < 0.7 ? client.close() : client.abort());
  }

  async function live(client: Client): Promise<void> {
    const filter = pick([topic(), "soak/+/1", "soak/a/#", "$share/group/soak/b/#", "$share/other/soak/+/2"]);
    const subscription = client.subscribe(filter, { qos: pick([0, 1, 2] as const) }, () => {});
    if (random() < 0.8) await subscription.ready;
    for (let i = 0; i < 5; i++) {
      const retain = random() < 0.2;
      const publication = client.publish(topic(), pick(PAYLOADS), { qos: pick([0, 1, 2] as const), retain });
      counts.messages++;
      if (random() < 0.5) await publication;
    }
    if (random() < 0.3) await subscription.close();
  }
}

function optionsOf(random: () => number, { login }: BowlineProcess, isStranger: boolean): ConnectOptions {
  const isNew = random() < 0.5;
  const protocolVersion = random() < 0.5 ? 5 : 4;
  const clientId = isNew ? `once-${Math.floor(random() * 1e15).toString(36)}` : `again-${Math.floor(random() * NAMES)}`;
  // Before 5.0 a session that lasts has no end, and only those that come again may have one.
  const lasts = random() < 0.4 && (protocolVersion === 5 || !isNew);
  const will = { topicName: "soak/will", payload: "gone", qos: 1, delayInterval: protocolVersion === 5 ? 1 : 0 } as const;
  return {
    protocolVersion,
    credentials: { username: login.user, password: isStranger ? `wrong ${random()}` : login.password },
    session: { clientId, expiryInterval: lasts ? EXPIRY_SECONDS : 0 },
    reconnect: false,
    ...(random() < 0.3 ? { will } : {}),
  };
}
