import { MqttError } from "@bowline/protocol";
import { expect, test } from "vitest";
import { parseTarget, type ParsedUrl } from "./target.ts";

function parse(text: string, pageUrl?: string, query: Record<string, string> = {}): ParsedUrl {
  return parseTarget(text, { protocolVersion: 5, tls: {}, headers: {}, query, pageUrl });
}

test.each([
  ["mqtt://h", "mqtt", "h", 1883, "mqtt://h:1883"],
  ["tcp://h:1", "mqtt", "h", 1, "mqtt://h:1"],
  ["MQTTS://H.Example", "mqtts", "h.example", 8883, "mqtts://h.example:8883"],
  ["ssl://h", "mqtts", "h", 8883, "mqtts://h:8883"],
  ["ws://h/mqtt?a=b", "ws", "h", 80, "ws://h:80/mqtt?a=b"],
  ["wss://[::1]:8084/mqtt", "wss", "::1", 8084, "wss://[::1]:8084/mqtt"],
  ["unix:/run/mqtt.sock", "unix", "", 0, "unix:/run/mqtt.sock"],
  ["mqtt+unix:///run/mqtt.sock", "unix", "", 0, "mqtt+unix:///run/mqtt.sock"],
])("%s", (text, scheme, host, port, url) => {
  expect(parse(text).target).toMatchObject({ scheme, host, port, url });
});

test("a path alone is one of the page's own origin, also in a worker made of a blob", () => {
  const urls = ["https://app.example/x/y.html", "http://app.example:8080/", "blob:https://app.example/0b-1c"].map(
    (pageUrl) => parse("/mqtt", pageUrl, { token: "1" }).target.url,
  );
  expect(urls).toEqual([
    "wss://app.example:443/mqtt?token=1",
    "ws://app.example:8080/mqtt?token=1",
    "wss://app.example:443/mqtt?token=1",
  ]);
});

test("user name and password are taken out, decoded", () => {
  expect(parse("mqtt://ann:p%40ss%3Aword@h")).toMatchObject({
    username: "ann",
    password: "p@ss:word",
    target: { url: "mqtt://h:1883" },
  });
  expect(parse("mqtt://h")).toMatchObject({ username: undefined, password: undefined });
});

test.each([
  ["/mqtt", undefined],
  ["/mqtt", "file:///x/y.html"],
  ["/mqtt", "about:blank"],
  ["h:1883:1", undefined],
  ["mqtt:h", undefined],
  ["mqtt://h ost", undefined],
  ["mqtt://h:70000", undefined],
  ["mqtt://h#part", undefined],
  ["mqtt://an%n@h", undefined],
  ["", undefined],
])("%s in %s is no address", (text, pageUrl) => {
  const failure = ((): unknown => {
    try {
      return parse(text, pageUrl);
    } catch (error) {
      return error;
    }
  })();
  expect(MqttError.is(failure)).toBe(true);
  expect((failure as MqttError).code).toMatch(/^(URL_INVALID|SCHEME_UNKNOWN)$/);
});
