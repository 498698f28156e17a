import { ofTenants, type Profile, those } from "./profile.ts";

const emqxLevelsMax = 10;
const shiftrIdMax = 64;

export const emqxServerless: Profile = {
  name: "EMQX Serverless",
  hosts: /\.emqxsl\.(com|cn)$/i,
  ways: ["mqtts:8883", "wss:8084"],
  path: "/mqtt",
  advice:
    "EMQX Serverless takes mqtts on 8883 and wss on 8084 with the path /mqtt; it knows the deployment by the server name, so no alias and no address; what it calls error -5 is a missing or wrong server name.",
  check: (given) => [
    ...ofTenants("EMQX Serverless")(given),
    ...those([
      (given.client.topic?.split("/").length ?? 0) > emqxLevelsMax,
      "TOPIC_INVALID",
      `a topic has at most ${emqxLevelsMax} levels there`,
    ]),
  ],
};

export const hiveMqCloud: Profile = {
  name: "HiveMQ Cloud",
  hosts: /\.hivemq\.cloud$/i,
  ways: ["mqtts:8883", "wss:8884"],
  path: "/mqtt",
  advice: "HiveMQ Cloud takes mqtts on 8883 and wss on 8884 with the path /mqtt, and knows the cluster by the server name.",
  check: ofTenants("HiveMQ Cloud"),
};

export const adafruitIo: Profile = {
  name: "Adafruit IO",
  hosts: /(^|\.)io\.adafruit\.(com|us)$/i,
  ways: ["mqtts:8883", "mqtt:1883", "wss:443"],
  advice:
    "Adafruit IO wants the account's key as password and topics below the user name; more than 20 connection attempts a minute, or too many messages, end in a ban for a while: CONNACK 6 and 7 are its own, throttled and banned.",
  check: ({ client: { username, qos, topic = "" } }) =>
    those(
      [username === undefined, "NOT_AUTHORIZED", "Adafruit IO takes no clients without a user name"],
      [qos === 2, "QOS_UNSUPPORTED", "Adafruit IO has no QoS 2"],
      [
        username !== undefined && topic !== "" && !topic.startsWith(`${username}/`),
        "PUB_DENIED",
        "topics begin with the user name there",
      ],
    ),
};

export const shiftrIo: Profile = {
  name: "shiftr.io",
  hosts: /(^|\.)shiftr\.io$/i,
  ways: ["mqtts:8883", "mqtt:1883", "wss:443"],
  advice: "shiftr.io takes the instance's name and a token's secret as user name and password, and MQTT 3.1.1 alone.",
  check: ({ client: { clientId = "", protocolVersion, username } }) =>
    those(
      [protocolVersion === 5, "PROTO_VERSION", "shiftr.io speaks MQTT 3.1.1"],
      [clientId.length > shiftrIdMax, "CLIENT_ID", `the client identifier is over ${shiftrIdMax} characters`],
      [username === undefined, "NOT_AUTHORIZED", "shiftr.io takes no clients without a user name"],
    ),
};

const devicePath = /^projects\/[^/]+\/locations\/[^/]+\/registries\/[^/]+\/devices\/[^/]+$/;

/** The way of Google's IoT Core, which has ended; its successors at ClearBlade have kept it. */
export const googleIotCore: Profile = {
  name: "IoT Core of Google's kind",
  hosts: /^mqtt\.(googleapis\.com|2030\.ltsapis\.goog)$|(^|[.-])mqtt\.clearblade\.com$/i,
  ways: ["mqtts:8883", "mqtts:443"],
  advice:
    "IoT Core of Google's kind takes a JSON web token of at most a day as password, the device's whole path as client identifier, MQTT 3.1.1, QoS 0 and 1, and its own topics alone; Google's own service ended in August 2023.",
  check: ({ target: { host = "" }, client: { clientId = "", password, qos } }) =>
    those(
      [/google|goog$/i.test(host), "UNAVAILABLE", "Google's IoT Core ended in August 2023"],
      [!devicePath.test(clientId), "CLIENT_ID", "the client identifier must be projects/P/locations/L/registries/R/devices/D"],
      [password === undefined, "NOT_AUTHORIZED", "there is no token as password"],
      [qos === 2, "QOS_UNSUPPORTED", "QoS 2 is not supported"],
    ),
};
