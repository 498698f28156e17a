import { expect, test } from "vitest";
import { formatListenUrl, parseListenUrl } from "./listen-url.ts";

test.each([
  ["mqtt://localhost", "mqtt://localhost:1883"],
  ["mqtts://0.0.0.0", "mqtts://0.0.0.0:8883"],
  ["ws://127.0.0.1", "ws://127.0.0.1:8083/mqtt"],
  ["wss://[::]", "wss://[::]:8084/mqtt"],
  ["wss://*:0/", "wss://*:0/mqtt"],
  ["wss://localhost:443", "wss://localhost:443/mqtt"],
  ["ws://localhost:80/ws", "ws://localhost:80/ws"],
  ["MQTTS://Broker.Example.com:1/?tenant=acme", "mqtts://broker.example.com:1?tenant=acme"],
  ["wss://h:2/a/b?tenant=acme", "wss://h:2/a/b?tenant=acme"],
  ["mqtt://[::1]:0", "mqtt://[::1]:0"],
  ["unix:/run/mqtt.sock", "unix:/run/mqtt.sock"],
  ["unix:///run/mqtt.sock?tenant=acme", "unix:/run/mqtt.sock?tenant=acme"],
  ["unix:here/my%20mqtt.sock", "unix:here/my mqtt.sock"],
])("%s is %s", (text, canonical) => {
  expect(formatListenUrl(parseListenUrl(text))).toBe(canonical);
});

test.each([
  ["", /must begin with mqtt:/],
  ["localhost:1883", /must begin with mqtt:/],
  ["http://localhost", /must begin with mqtt:/],
  ["mqtt:localhost", /must begin with mqtt:/],
  ["mqtt://:1883", /needs a host/],
  ["mqtt://", /needs a host/],
  ["mqtts://localhost:65536", /port from 0 to 65535/],
  ["mqtts://local host", /needs a host/],
  ["mqtts://user:secret@localhost", /no user name or password/],
  ["mqtts://localhost/mqtt", /a path \(\/mqtt\) belongs to ws/],
  ["mqtts://localhost#x", /fragment/],
  ["mqtts://localhost?tenants=a", /does not know the parameter "tenants"/],
  ["mqtts://localhost?tenant=A_b", /tenant name/],
  ["mqtts://localhost?tenant=", /tenant name/],
  ["unix:", /path of a socket/],
  ["unix:%zz", /hexadecimal/],
  [`unix:/${"x".repeat(103)}`, /at most 103 bytes/],
])("%s is refused", (text, reason) => {
  expect(() => parseListenUrl(text)).toThrow(
    expect.objectContaining({ code: "LISTEN_URL_INVALID", message: expect.stringMatching(reason) }),
  );
});

test("a password in a refused URL is not repeated", () => {
  expect(() => parseListenUrl("mqtts://user:secret@localhost")).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining("secret") }),
  );
});

test.each(["mqtt://0.0.0.0", "mqtt://*", "mqtt://[::]", "ws://192.168.0.1", "ws://broker.example.com"])(
  "%s needs permission for plaintext",
  (text) => {
    expect(() => parseListenUrl(text)).toThrow(
      expect.objectContaining({ code: "PLAINTEXT_OFF_LOOPBACK", remedy: expect.stringContaining("--allow-plaintext") }),
    );
    expect(parseListenUrl(text, { allowPlaintext: true })).toMatchObject({ tenant: "default" });
  },
);

test.each(["mqtt://localhost", "mqtt://127.8.9.1", "ws://[::1]", "ws://acme.localhost", "unix:/x"])(
  "%s needs no permission",
  (text) => {
    expect(parseListenUrl(text)).toMatchObject({ tenant: "default" });
  },
);
