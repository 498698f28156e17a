import { expect, test } from "vitest";
import { Findings } from "./findings.ts";
import { adviceFor, findInProfile } from "./profiles.ts";

const aws = "a-ats.iot.eu-west-1.amazonaws.com";

test.each([
  ["mqtts", aws, 8883, "/", []],
  ["mqtt", aws, 1883, "/", ["PORT_SCHEME_ODD"]],
  ["wss", aws, 443, "/mqtt?x-amz-customauthorizer-name=a", []],
  ["wss", aws, 443, "/ws", ["WS_404"]],
  ["wss", "x.ala.us-east-1.emqxsl.com", 8083, "/mqtt", ["PORT_SCHEME_ODD"]],
  ["wss", "x.s1.eu.hivemq.cloud", 8884, "/mqtt", []],
  ["mqtt", "hub.azure-devices.net", 1883, "/", ["PORT_SCHEME_ODD"]],
  ["mqtt", "broker.example", 8883, "/", []],
])("%s://%s:%i%s", (scheme, host, port, path, codes) => {
  const findings = new Findings();
  findInProfile(findings, { target: { scheme, host, port, path } });
  expect(findings.list.map(({ id }) => id)).toEqual(codes);
  expect(findings.list.every(({ severity }) => severity === "warn")).toBe(true);
});

test("who is no provider has no advice", () => {
  expect(adviceFor("broker.example")).toBeUndefined();
  expect(adviceFor(aws)).toContain("8883");
});
