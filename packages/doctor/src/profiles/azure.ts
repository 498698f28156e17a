import { type Given, type Oddity, type Profile, those } from "./profile.ts";

export const azureIotHub: Profile = {
  name: "Azure IoT Hub",
  hosts: /\.azure-devices\.net$/i,
  ways: ["mqtts:8883", "wss:443"],
  path: "/$iothub/websocket",
  advice:
    "Azure IoT Hub takes mqtts on 8883 and wss on 443, the device as client identifier, the user name HUB/DEVICE/?api-version=2021-04-12, QoS 0 and 1, and its own topics alone.",
  check: oddAtHub,
};

const ownTopics = /^(devices\/|\$iothub\/)/;

function oddAtHub({ target: { host = "" }, client, nowMs }: Given): readonly Oddity[] {
  const { username, password, clientId, qos, topic } = client;
  const begin = `${host}/${clientId ?? ""}/`.toLowerCase();
  const endsMs = signatureEndMs(password ?? "") ?? Infinity;
  return those(
    [clientId === undefined, "CLIENT_ID", "the client identifier must be the device's"],
    [username === undefined, "BAD_CREDENTIALS", "there is no user name HUB/DEVICE/?api-version=2021-04-12"],
    [
      username !== undefined && clientId !== undefined && !username.toLowerCase().startsWith(begin),
      "BAD_CREDENTIALS",
      "the user name does not begin with HUB/DEVICE/, of the URL's host and the client identifier",
    ],
    [username !== undefined && !/\?(.*&)?api-version=/i.test(username), "BAD_CREDENTIALS", "the user name names no api-version"],
    [endsMs <= nowMs, "JWT_EXPIRED", `the shared access signature has ended: its se is ${endsMs / 1000}`],
    [qos === 2, "QOS_UNSUPPORTED", "Azure IoT Hub has no QoS 2"],
    [
      topic !== undefined && !ownTopics.test(topic),
      "PUB_DENIED",
      "Azure IoT Hub takes its own topics alone, such as devices/DEVICE/messages/events/",
    ],
  );
}

/** When a shared access signature of Azure's ends, in milliseconds since 1970; undefined for any other text. */
export function signatureEndMs(password: string): number | undefined {
  const [, seconds] = /^SharedAccessSignature .*\bse=(\d+)/.exec(password) ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

export const azureEventGrid: Profile = {
  name: "Azure Event Grid",
  hosts: /\.ts\.eventgrid\.azure\.net$/i,
  ways: ["mqtts:8883", "wss:443"],
  path: "/mqtt",
  advice:
    "Azure Event Grid takes mqtts on 8883 and wss on 443; a client shows a certificate and its authentication name as user name, or a token by an Authentication Method of MQTT 5.0.",
  check: ({ client: { username, cert, authentication, qos } }) =>
    those(
      [
        cert === undefined && authentication === undefined && username === undefined,
        "NOT_AUTHORIZED",
        "there is neither a client certificate nor an Authentication Method",
      ],
      [qos === 2, "QOS_UNSUPPORTED", "Azure Event Grid has no QoS 2"],
    ),
};
