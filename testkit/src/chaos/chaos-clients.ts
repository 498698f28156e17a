import { type Client, connect } from "@bowline/client";
import dropIn, { type ISubscriptionMap, type MqttClient } from "@bowline/mqttjs";
import mqttJs from "mqtt";

export interface ChaosClientOptions {
  readonly url: string;
  readonly clientId: string;
  readonly version: 4 | 5;
  readonly credentials?: { readonly username: string; readonly password: string };
  /** The payload of each message. */
  readonly onMessage: (payload: string) => void;
}

/** A client under test, of whichever library. */
export interface ChaosClient {
  subscribe(topicFilter: string, qos: 1 | 2): Promise<unknown>;
  publish(topicName: string, payload: string, qos: 1 | 2, settled: (isAcknowledged: boolean) => void): void;
  close(): Promise<unknown>;
}

const EXPIRY = 3600;

/** `@bowline/client`. */
export function bowlineClient({ url, clientId, version, credentials, onMessage }: ChaosClientOptions): ChaosClient {
  const client: Client = connect(url, {
    protocolVersion: version,
    session: { clientId, expiryInterval: EXPIRY },
    keepAlive: 30,
    connectTimeoutMs: 3000,
    reconnect: { firstDelayMs: 20, baseDelayMs: 20, maximumDelayMs: 20 },
    ...(credentials && { credentials }),
  });
  client.on("attemptFailed", () => undefined);
  return {
    subscribe: (filter, qos) => client.subscribe(filter, { qos }, (message) => onMessage(message.text())).ready,
    publish: (topic, payload, qos, settled) => {
      client.publish(topic, payload, { qos }).then(
        () => settled(true),
        () => settled(false),
      );
    },
    close: () => client.abort(),
  };
}

/** The drop-in, or npm's `mqtt`, which have one interface. */
function mqttClient(library: typeof dropIn, { url, clientId, version, credentials, onMessage }: ChaosClientOptions): ChaosClient {
  const client: MqttClient = library.connect(url, {
    protocolVersion: version,
    clientId,
    clean: false,
    ...(version === 5 ? { properties: { sessionExpiryInterval: EXPIRY } } : {}),
    keepalive: 30,
    connectTimeout: 3000,
    reconnectPeriod: 20,
    ...credentials,
  });
  client.on("error", () => undefined);
  client.on("message", (_topic, payload) => onMessage(payload.toString()));
  return {
    // As in MQTT.js, a SUBSCRIBE that a cut leaves without an answer fails.
    subscribe: async (filter, qos) => {
      // Anew for each call, since MQTT.js takes `resubscribe` out of it, and grants nothing for a filter that it asked for before.
      const map = (): ISubscriptionMap => ({ [filter]: { qos }, resubscribe: true }) as ISubscriptionMap;
      while (!(await client.subscribeAsync(map()).catch(() => undefined)));
    },
    publish: (topic, payload, qos, settled) => void client.publish(topic, payload, { qos }, (error) => settled(!error)),
    close: () => client.endAsync(true),
  };
}

export const dropInClient = (options: ChaosClientOptions): ChaosClient => mqttClient(dropIn, options);
export const mqttJsClient = (options: ChaosClientOptions): ChaosClient => mqttClient(mqttJs as unknown as typeof dropIn, options);
