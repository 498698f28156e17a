import { type Client, type ConnectOptions, type Credentials, connect, type Message, type Subscription } from "@bowline/client";
import type {
  Capability,
  ClientDriver,
  ClientReport,
  ClientSettings,
  ClientUnderTest,
  MessageToSend,
  ReceivedMessage,
  SubscribeSettings,
  WillToSend,
} from "../client-driver.ts";

const capabilities: readonly Capability[] = [
  "publish",
  "announced publish",
  "publish outcome",
  "subscribe",
  "unsubscribe",
  "oversized topics",
  "receive",
  "message properties",
  "will",
  "will properties",
  "credentials",
  "password without user name",
  "empty client id",
  "clean start",
  "session",
  "connect limits",
  "problem information",
  "enhanced authentication",
  "reauthentication",
  "user properties in CONNECT",
  "reconnect",
  "disconnect",
  "keep alive",
  "no keep alive",
  "binary data",
  "connect timeout",
  "version fallback",
  "WebSocket",
];

/** `@bowline/client`. */
export const bowlineDriver: ClientDriver = {
  name: "@bowline/client",
  versions: [3, 4, 5],
  capabilities: new Set(capabilities),
  start: (url, settings, report) => new BowlineUnderTest(connect(url, toOptions(settings)), report),
};

function toOptions(settings: ClientSettings): ConnectOptions {
  const { version, clientId, cleanStart, keepAlive, username, password, will, userProperties } = settings;
  const { receiveMaximum, maximumPacketSize, topicAliasMaximum, connectTimeoutMs } = settings;
  const expiryInterval = settings.sessionExpiryInterval ?? (cleanStart ? 0 : 300);
  return {
    ...requestsOf(settings),
    // The fallback to 3.1.1 is for applications that did not choose.
    ...(version === 5 && settings.reconnect ? {} : { protocolVersion: version }),
    session: { clientId, expiryInterval, ...(version === 5 && { cleanStart }) },
    keepAlive,
    credentials: { username, password, ...authenticationOf(settings) },
    reconnect: settings.reconnect ? { delay: () => 5, maximumTakeovers: 0 } : false,
    drainTimeoutMs: 500,
    ...(will && { will: toWill(will) }),
    ...(userProperties && { userProperties }),
    ...(receiveMaximum !== undefined && { receiveMaximum }),
    ...(maximumPacketSize !== undefined && { maximumPacketSize }),
    ...(topicAliasMaximum !== undefined && { topicAliasMaximum }),
    ...(connectTimeoutMs !== undefined && { connectTimeoutMs }),
  };
}

function requestsOf({ requestProblemInformation }: ClientSettings): ConnectOptions {
  return requestProblemInformation === undefined ? {} : { requestProblemInformation: requestProblemInformation === 1 };
}

function authenticationOf({ authenticationMethod }: ClientSettings): Credentials {
  if (authenticationMethod === undefined) return {};
  return { authentication: { method: authenticationMethod, step: ({ kind, data }) => (kind === "begin" ? "start" : data) } };
}

function toWill({ properties, ...will }: WillToSend): NonNullable<ConnectOptions["will"]> {
  return { ...will, ...properties };
}

class BowlineUnderTest implements ClientUnderTest {
  private readonly client: Client;
  private readonly subscriptions = new Map<string, Subscription>();

  constructor(client: Client, report: ClientReport) {
    this.client = client;
    client.on("attemptFailed", () => undefined);
    client.on("message", (message) => report.message(received(message)));
  }

  async publish({ topicName, payload, qos = 0, retain = false, properties }: MessageToSend): Promise<void> {
    await this.client.publish(topicName, payload, { qos, retain, ...properties });
  }

  async subscribe({ topicFilters, ...options }: SubscribeSettings): Promise<readonly number[]> {
    const subscription = this.client.subscribe(topicFilters, options, () => undefined);
    this.subscriptions.set(topicFilters.join("\n"), subscription);
    return await subscription.ready;
  }

  /** Takes the filters as they were subscribed to together. */
  async unsubscribe(topicFilters: readonly string[]): Promise<void> {
    await this.subscriptions.get(topicFilters.join("\n"))?.close();
  }

  async reauthenticate(): Promise<void> {
    await this.client.reauthenticate();
  }

  async disconnect(): Promise<void> {
    await this.client.close();
  }

  async kill(): Promise<void> {
    await this.client.abort();
  }
}

function received({ topicName, payload, qos, retain, properties }: Message): ReceivedMessage {
  return { topicName, payload: payload.slice(), qos, retain, properties };
}
