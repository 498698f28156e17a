import ours, { type IClientOptions, type MqttClient } from "@bowline/mqttjs";
import theirs from "mqtt";
import type {
  Capability,
  ClientDriver,
  ClientReport,
  ClientSettings,
  ClientUnderTest,
  MessageProperties,
  MessageToSend,
  ReceivedMessage,
  ReceivedProperties,
  SubscribeSettings,
} from "../client-driver.ts";

const capabilities: readonly Capability[] = [
  "publish",
  "announced publish",
  "publish outcome",
  "subscribe",
  "unsubscribe",
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
  "user properties in CONNECT",
  "problem information",
  "enhanced authentication",
  "reconnect",
  "disconnect",
  "keep alive",
  "no keep alive",
  "binary data",
  "connect timeout",
  "WebSocket",
];

type Library = typeof ours;
type JsProperties = Record<string, unknown>;

/** `@bowline/mqttjs`. */
export const dropInDriver: ClientDriver = driverOf("@bowline/mqttjs", ours, ["oversized topics"]);
/** MQTT.js, under the drop-in's types. An oversized topic it throws where nobody can catch it, which ends the process. */
export const mqttJsDriver: ClientDriver = driverOf("mqtt (MQTT.js)", theirs as unknown as Library, []);

function driverOf(name: string, library: Library, more: readonly Capability[]): ClientDriver {
  return {
    name,
    versions: [3, 4, 5],
    capabilities: new Set([...capabilities, ...more]),
    start: (url, settings, report) => new MqttJsUnderTest(library.connect(url, toOptions(settings)), report),
  };
}

function toOptions(settings: ClientSettings): IClientOptions {
  const { version, clientId, cleanStart, keepAlive, reconnect, will, connectTimeoutMs } = settings;
  return {
    protocolVersion: version,
    ...(version === 3 && { protocolId: "MQIsdp" }),
    clientId,
    clean: cleanStart,
    keepalive: keepAlive,
    reconnectPeriod: reconnect ? 5 : 0,
    ...(settings.username !== undefined && { username: settings.username }),
    ...(settings.password !== undefined && { password: settings.password }),
    ...(connectTimeoutMs !== undefined && { connectTimeout: connectTimeoutMs }),
    ...(will && { will: toWill(will, version) as NonNullable<IClientOptions["will"]> }),
    ...(version === 5 && { properties: connectProperties(settings) }),
  };
}

function connectProperties(settings: ClientSettings): NonNullable<IClientOptions["properties"]> {
  const { receiveMaximum, maximumPacketSize, topicAliasMaximum, requestProblemInformation, userProperties, authenticationMethod } =
    settings;
  const sessionExpiryInterval = settings.sessionExpiryInterval ?? (settings.cleanStart ? undefined : 300);
  return {
    ...(sessionExpiryInterval !== undefined && { sessionExpiryInterval }),
    ...(authenticationMethod !== undefined && { authenticationMethod, authenticationData: Buffer.from("start") }),
    ...(receiveMaximum !== undefined && { receiveMaximum }),
    ...(maximumPacketSize !== undefined && { maximumPacketSize }),
    ...(topicAliasMaximum !== undefined && { topicAliasMaximum }),
    ...(requestProblemInformation !== undefined && { requestProblemInformation: requestProblemInformation === 1 }),
    ...(userProperties !== undefined && { userProperties: byName(userProperties) }),
  };
}

function toWill(will: NonNullable<ClientSettings["will"]>, version: number): unknown {
  const { topicName, payload = "", qos = 0, retain = false, properties, delayInterval } = will;
  const all = { ...toProperties(properties), ...(delayInterval !== undefined && { willDelayInterval: delayInterval }) };
  return { topic: topicName, payload: Buffer.from(payload), qos, retain, ...(version === 5 && { properties: all }) };
}

function toProperties(given: MessageProperties | undefined): JsProperties {
  const { payloadFormatIndicator, correlationData, userProperties, ...same } = given ?? {};
  return {
    ...same,
    ...(payloadFormatIndicator !== undefined && { payloadFormatIndicator: payloadFormatIndicator === 1 }),
    ...(correlationData && { correlationData: Buffer.from(correlationData) }),
    ...(userProperties && { userProperties: byName(userProperties) }),
  };
}

function byName(pairs: readonly (readonly [string, string])[]): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = {};
  for (const [name, value] of pairs) all[name] = all[name] === undefined ? value : [all[name], value].flat();
  return all;
}

/** The client's properties in the kit's words. */
function fromProperties(given: JsProperties | undefined): ReceivedProperties {
  const { payloadFormatIndicator, userProperties, subscriptionIdentifier, ...same } = given ?? {};
  const pairs = Object.entries((userProperties ?? {}) as Record<string, string | string[]>);
  return {
    ...same,
    ...(payloadFormatIndicator !== undefined && { payloadFormatIndicator: payloadFormatIndicator === true ? 1 : 0 }),
    ...(userProperties !== undefined && {
      userProperties: pairs.flatMap(([name, values]) => [values].flat().map((value) => [name, value] as const)),
    }),
    ...(subscriptionIdentifier !== undefined && { subscriptionIdentifiers: [subscriptionIdentifier as number | number[]].flat() }),
  };
}

class MqttJsUnderTest implements ClientUnderTest {
  private readonly client: MqttClient;

  constructor(client: MqttClient, report: ClientReport) {
    this.client = client;
    client.on("error", () => undefined);
    client.handleAuth = (packet, answered) => answered(undefined, { ...packet, reasonCode: 0x18 });
    client.on("message", (topicName, payload, packet) => {
      const { qos, retain, properties } = packet;
      const message: ReceivedMessage = {
        topicName,
        payload: Uint8Array.from(payload),
        qos,
        retain,
        properties: fromProperties(properties as JsProperties | undefined),
      };
      report.message(message);
    });
  }

  async publish({ topicName, payload = "", qos = 0, retain = false, properties }: MessageToSend): Promise<void> {
    const options = { qos, retain, ...(properties && { properties: toProperties(properties) }) };
    await this.client.publishAsync(topicName, Buffer.from(payload), options);
  }

  async subscribe({ topicFilters, qos = 0, noLocal, retainAsPublished, retainHandling }: SubscribeSettings): Promise<number[]> {
    const options = {
      qos,
      ...(noLocal !== undefined && { nl: noLocal }),
      ...(retainAsPublished !== undefined && { rap: retainAsPublished }),
      ...(retainHandling !== undefined && { rh: retainHandling }),
    };
    return (await this.client.subscribeAsync([...topicFilters], options)).map((one) => one.qos);
  }

  async unsubscribe(topicFilters: readonly string[]): Promise<void> {
    await this.client.unsubscribeAsync([...topicFilters]);
  }

  async disconnect(): Promise<void> {
    await this.client.endAsync();
  }

  async kill(): Promise<void> {
    await new Promise<void>((resolve) => {
      // MQTT.js throws when it is ended before it was connected, and is silent when it is ended twice.
      try {
        this.client.end(true, () => resolve());
      } catch {
        resolve();
      }
      setTimeout(resolve, 200).unref();
    });
  }
}
