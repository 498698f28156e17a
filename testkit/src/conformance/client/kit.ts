import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { ConformanceFailure } from "../wire/conformance-failure.ts";
import type { ConnackOptions } from "../wire/build.ts";
import { describePacket } from "../wire/describe.ts";
import { CLOSED, Peer } from "../wire/peer.ts";
import type { ClientDriver, ClientSettings, ClientUnderTest, ReceivedMessage, Version } from "./client-driver.ts";
import { FENCE_TOPIC, ServedConnection } from "./served-connection.ts";

const LIMIT_MS = 5_000;

/** A session that the client wants back after a cut. */
export const PERSISTENT = { cleanStart: false, sessionExpiryInterval: 300, reconnect: true } as const;

/** What one case plays with: a server on a port of its own that does nothing by itself, and the client under test. */
export class Kit {
  readonly version: Version;
  readonly driver: ClientDriver;
  /** Whether a Recommendation counts as a failure. */
  readonly isStrict: boolean;
  /** What was sent and came, a line for each packet. */
  readonly transcript: string[] = [];
  /** What the client reported to its application and no case took yet. */
  readonly received: ReceivedMessage[] = [];
  readonly limitMs: number;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly waiting: Socket[] = [];
  private readonly clients: ClientUnderTest[] = [];
  private readonly closes: (() => Promise<void>)[] = [];
  private connections = 0;
  private wake: (() => void) | undefined;

  constructor(driver: ClientDriver, version: Version, isStrict: boolean) {
    this.driver = driver;
    this.version = version;
    this.isStrict = isStrict;
    this.limitMs = driver.patienceMs ?? LIMIT_MS;
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      // One that fails before its turn comes is found closed then.
      socket.on("error", () => undefined);
      this.waiting.push(socket);
      this.wake?.();
    });
  }

  /** Before anything else. */
  async open(): Promise<void> {
    await new Promise<void>((resolve, reject) => this.server.once("error", reject).listen(0, "127.0.0.1", resolve));
  }

  /** The client under test that was started last. */
  get client(): ClientUnderTest {
    const client = this.clients.at(-1);
    if (client === undefined) throw new Error("the case did not start a client");
    return client;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Starts the client, at the kit's server unless a case has another. Throws what the client throws. */
  start(settings: Partial<ClientSettings> = {}, url: string = this.url): void {
    const all: ClientSettings = {
      version: this.version,
      clientId: "conformance",
      cleanStart: true,
      keepAlive: 60,
      reconnect: false,
      ...settings,
    };
    const message = (one: ReceivedMessage): void => {
      if (one.topicName === FENCE_TOPIC) return;
      this.received.push(one);
      this.wake?.();
    };
    this.clients.push(withoutStrays(this.driver.start(url, all, { message })));
  }

  /** The client's next Network Connection, whose first packet must be a CONNECT. */
  async connection(limitMs: number = this.limitMs): Promise<ServedConnection> {
    const expected = "that the client connects";
    await this.until(() => this.waiting.length > 0, expected, limitMs);
    const name = `connection ${++this.connections}`;
    const peer = new Peer(this.waiting.shift() as Socket, {
      version: this.version,
      name,
      limitMs: this.limitMs,
      transcript: (line) => this.transcript.push(line),
    });
    const first = await peer.next("CONNECT");
    if (first === CLOSED) throw new ConformanceFailure("CONNECT", CLOSED);
    if (first.name !== "CONNECT" || first.fault !== undefined) throw new ConformanceFailure("CONNECT", describePacket(first));
    const level = first.connect?.protocolLevel;
    if (level === 3 || level === 4 || level === 5) peer.version = level;
    return new ServedConnection(peer, first);
  }

  /** Starts the client, and accepts its connection; the client knows that it is connected. */
  async connected(
    settings: Partial<ClientSettings> = {},
    connack: Omit<ConnackOptions, "version"> = {},
  ): Promise<ServedConnection> {
    this.start(settings);
    const connection = await this.accepted(connack);
    // What a client is asked for before it is connected it may send one by one.
    await connection.expectNothing();
    return connection;
  }

  /** Accepts the client's next connection. */
  async accepted(connack: Omit<ConnackOptions, "version"> = {}): Promise<ServedConnection> {
    const connection = await this.connection();
    connection.accept(connack);
    if (this.driver.subscribesAtStart === true) connection.answer(await connection.peer.expect("SUBSCRIBE"));
    return connection;
  }

  /** The next message that the application gets. */
  async message(): Promise<ReceivedMessage> {
    await this.until(() => this.received.length > 0, "a message for the application", this.limitMs);
    return this.received.shift() as ReceivedMessage;
  }

  /** The payloads that the application got, as text. Call it after `settle`: a client may still be handing them over. */
  async payloads(count: number): Promise<string[]> {
    const all: string[] = [];
    while (all.length < count) all.push(Buffer.from((await this.message()).payload).toString("latin1"));
    if (this.received.length > 0) {
      throw new ConformanceFailure(
        `${count} messages for the application`,
        `${count + this.received.length}, after ${all.join(", ")}`,
      );
    }
    return all;
  }

  /** What a case opened besides. */
  onClose(close: () => Promise<void>): void {
    this.closes.push(close);
  }

  /** Ends everything. */
  async close(): Promise<void> {
    for (const client of this.clients) await client.kill();
    for (const close of this.closes) await close();
    for (const socket of this.sockets) socket.destroy();
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve));
  }

  private async until(isThere: () => boolean, expected: string, limitMs: number): Promise<void> {
    const deadline = performance.now() + limitMs;
    while (!isThere()) {
      const left = deadline - performance.now();
      if (left <= 0) throw new ConformanceFailure(expected, `nothing within ${limitMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** A case that failed awaits nothing more: what the client rejects then must not end the process. */
function withoutStrays(client: ClientUnderTest): ClientUnderTest {
  const handled = <T>(promise: Promise<T>): Promise<T> => {
    promise.catch(() => undefined);
    return promise;
  };
  return {
    publish: (message) => handled(client.publish(message)),
    subscribe: (subscription) => handled(client.subscribe(subscription)),
    unsubscribe: (topicFilters) => handled(client.unsubscribe(topicFilters)),
    reauthenticate: () => handled(client.reauthenticate?.() ?? Promise.resolve()),
    disconnect: () => handled(client.disconnect()),
    kill: () => client.kill(),
  };
}

export function check(holds: boolean, expected: string, seen: unknown): asserts holds {
  if (!holds) throw new ConformanceFailure(expected, typeof seen === "string" ? seen : (JSON.stringify(seen) ?? "undefined"));
}
