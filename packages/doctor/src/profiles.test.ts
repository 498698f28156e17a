import { expect, test } from "vitest";
import { Findings } from "./findings.ts";
import type { Given } from "./profiles/profile.ts";
import { adviceFor, findInProfile } from "./profiles.ts";

const aws = "a-ats.iot.eu-west-1.amazonaws.com";
const now = Date.parse("2026-01-01T00:00:00Z");

function oddities(url: string, client?: Given["client"]): readonly string[] {
  const [, scheme = "", host = "", port = "", path = ""] = /^(\w+):\/\/([^:/]+):(\d+)(.*)$/.exec(url) ?? [];
  const findings = new Findings();
  findInProfile(findings, { target: { scheme, host, port: Number(port), path }, nowMs: now }, client);
  expect(findings.list.every(({ severity, fix }) => severity === "warn" && fix.length > 1)).toBe(true);
  return findings.list.map(({ id }) => id);
}

test.each([
  [`mqtts://${aws}:8883/`, []],
  [`mqtt://${aws}:1883/`, ["PORT_SCHEME_ODD"]],
  [`wss://${aws}:443/mqtt?x-amz-customauthorizer-name=a`, []],
  [`wss://${aws}:443/ws`, ["WS_404"]],
  ["wss://x.ala.us-east-1.emqxsl.com:8083/mqtt", ["PORT_SCHEME_ODD"]],
  ["mqtt://x.ala.us-east-1.emqxsl.com:1883/", ["PORT_SCHEME_ODD"]],
  ["wss://x.s1.eu.hivemq.cloud:8884/mqtt", []],
  ["wss://x.s1.eu.hivemq.cloud:8884/", ["WS_404"]],
  ["mqtt://hub.azure-devices.net:1883/", ["PORT_SCHEME_ODD"]],
  ["mqtts://n.westeurope-1.ts.eventgrid.azure.net:8883/", []],
  ["mqtt://io.adafruit.com:1883/", []],
  ["ws://x.cloud.shiftr.io:80/", ["PORT_SCHEME_ODD"]],
  ["mqtts://us-central1-mqtt.clearblade.com:443/", []],
  ["mqtt://broker.example:8883/", []],
])("the place %s: %j", (url, codes) => {
  expect(oddities(url)).toEqual(codes);
});

const hub = "mqtts://hub.azure-devices.net:8883/";
const device = { clientId: "d1", username: "hub.azure-devices.net/d1/?api-version=2021-04-12" };
const authorizer = `wss://${aws}:443/mqtt?x-amz-customauthorizer-name=app`;
const emqx = "mqtts://x.ala.us-east-1.emqxsl.com:8883/";
const someone = { username: "ann", password: "secret" };

test.each<readonly [title: string, url: string, client: Given["client"], codes: readonly string[]]>([
  ["a device of Azure's", hub, { ...device, password: "SharedAccessSignature sr=hub&sig=x&se=1798761600" }, []],
  ["a signature that has ended", hub, { ...device, password: "SharedAccessSignature sr=hub&sig=x&se=1700000000" }, ["JWT_EXPIRED"]],
  ["a user name of another device", hub, { ...device, clientId: "d2" }, ["BAD_CREDENTIALS"]],
  ["a user name without a version", hub, { ...device, username: "HUB.azure-devices.net/D1/" }, ["BAD_CREDENTIALS"]],
  ["nobody at Azure", hub, {}, ["CLIENT_ID", "BAD_CREDENTIALS"]],
  ["a topic of one's own at Azure", hub, { ...device, topic: "a/b", qos: 2 }, ["QOS_UNSUPPORTED", "PUB_DENIED"]],
  ["Event Grid without anything", "mqtts://n.westeurope-1.ts.eventgrid.azure.net:8883/", {}, ["NOT_AUTHORIZED"]],
  [
    "Event Grid with a token",
    "mqtts://n.westeurope-1.ts.eventgrid.azure.net:8883/",
    { authentication: { method: "CUSTOM-JWT" } },
    [],
  ],
  ["[E5 doctor] SST as its guide says", authorizer, { username: "", password: "token" }, []],
  ["[E5 doctor] SST without a user name", authorizer, { password: "token" }, ["AWS_PRINCIPAL_ID"]],
  [
    "[E5 doctor] the SDK's user name",
    `mqtts://${aws}:8883/`,
    { username: "?x-amz-customauthorizer-name=app&SDK=NodeJSv2&Version=1.21.8", password: "token" },
    ["AWS_PRINCIPAL_ID"],
  ],
  [
    "[E5 doctor] SST with an address as user name",
    authorizer,
    { username: "ann@example.com", password: "token" },
    ["AWS_PRINCIPAL_ID"],
  ],
  ["[E5 doctor] an authorizer's name misspelt", authorizer.replace("authorizer", "authoriser"), {}, ["AWS_AUTHORIZER_NAME"]],
  ["[E5 doctor] no authorizer at all", `wss://${aws}:443/mqtt`, {}, ["AWS_AUTHORIZER_NAME"]],
  ["a signed URL", `wss://${aws}:443/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256`, {}, []],
  ["port 443 without ALPN", `mqtts://${aws}:443/`, {}, ["AWS_ALPN"]],
  ["port 443 with ALPN", `mqtts://${aws}:443/`, { alpnProtocols: ["x-amzn-mqtt-ca"] }, []],
  ["the old endpoint", "mqtts://a.iot.eu-west-1.amazonaws.com:8883/", { clientId: "$x" }, ["AWS_ENDPOINT", "CLIENT_ID"]],
  ["EMQX with a user", emqx, someone, []],
  ["EMQX without", emqx, {}, ["NOT_AUTHORIZED"]],
  ["EMQX under another name", emqx, { ...someone, serverName: "mqtt.mine.example" }, ["TLS_SNI"]],
  ["too deep a topic", emqx, { ...someone, topic: "1/2/3/4/5/6/7/8/9/10/11" }, ["TOPIC_INVALID"]],
  ["HiveMQ without a user", "mqtts://x.s1.eu.hivemq.cloud:8883/", { serverName: "10.0.0.1" }, ["NOT_AUTHORIZED", "TLS_SNI"]],
  ["Adafruit", "mqtts://io.adafruit.com:8883/", { ...someone, qos: 2, topic: "feeds/x" }, ["QOS_UNSUPPORTED", "PUB_DENIED"]],
  ["shiftr", "mqtts://x.cloud.shiftr.io:8883/", { ...someone, protocolVersion: 5 }, ["PROTO_VERSION"]],
  ["ClearBlade", "mqtts://us-central1-mqtt.clearblade.com:8883/", { clientId: "d", password: "a.b.c" }, ["CLIENT_ID"]],
  [
    "Google",
    "mqtts://mqtt.googleapis.com:8883/",
    { clientId: "projects/p/locations/l/registries/r/devices/d", password: "x" },
    ["UNAVAILABLE"],
  ],
])("%s", (_title, url, client, codes) => {
  expect(oddities(url, client)).toEqual(codes);
});

test("who is no provider has no advice", () => {
  expect(adviceFor("broker.example")).toBeUndefined();
  expect(adviceFor(aws)).toContain("8883");
  expect(adviceFor("x.ala.us-east-1.emqxsl.com")).toContain("-5");
});
