import { expect, test } from "vitest";
import { meantHost } from "./profiles.ts";
import { readTarget } from "./read-target.ts";

test.each([
  ["mqtss://broker.example", "Did you mean mqtts://broker.example?"],
  ["MTQT://broker.example:1883", "Did you mean mqtt://broker.example:1883?"],
  ["wsss://broker.example/mqtt", "Did you mean wss://broker.example/mqtt?"],
  ["https://broker.example/mqtt", "Did you mean wss://broker.example/mqtt?"],
  ["http://ann:hunter2@broker.example/mqtt", "Did you mean ws://[redacted]@broker.example/mqtt?"],
  ["broker.example", "Did you mean mqtts://broker.example, or mqtt://broker.example?"],
  ["mqtt//broker.example", "Did you mean mqtts://broker.example, or mqtt://broker.example?"],
  ["mqtt:/broker.example", "Did you mean mqtts://broker.example, or mqtt://broker.example?"],
  ["mqtt://wss://broker.example", "Did you mean wss://broker.example?"],
  ["mqtt://broker .example", "There is a space at position 14."],
])("%s: %s", (url, hint) => {
  expect(readTarget(url)).toMatchObject({ hints: [hint], fault: {} });
});

test.each(["gopher://broker.example", "mqtt://broker.example:99999", "mqtt://broker.example#x"])(
  "%s is like nothing else",
  (url) => {
    expect(readTarget(url).hints).toEqual([]);
  },
);

test("a provider's name with a letter wrong", () => {
  expect(meantHost("x.ala.us-east-1.emqxs1.com")).toBe("x.ala.us-east-1.emqxsl.com");
  expect(meantHost("x.s1.eu.hivemq.clod")).toBe("x.s1.eu.hivemq.cloud");
  expect(meantHost("a-ats.iot.eu-west-1.amazonaws.com")).toBeUndefined();
  expect(meantHost("broker.example.com")).toBeUndefined();
  expect(meantHost("localhost")).toBeUndefined();
});
