import { expect, test } from "vitest";
import { MqttError } from "./mqtt-error.ts";

test("the message begins with the code and takes the detail", () => {
  expect(new MqttError("TCP_REFUSED").message).toBe("TCP_REFUSED: nothing listens on the port");
  const error = new MqttError("TCP_REFUSED", { detail: "localhost:1883" });
  expect(error.message).toBe("TCP_REFUSED: nothing listens on the port: localhost:1883");
  expect(String(error)).toBe("MqttError: TCP_REFUSED: nothing listens on the port: localhost:1883");
  expect(error).toBeInstanceOf(Error);
});

test("the catalogue fills the fields and the options replace them", () => {
  const plain = new MqttError("PACKET_TOO_LARGE");
  expect(plain).toMatchObject({ stage: "mqtt", source: "usage", retry: "new-input", retryable: false });
  const special = new MqttError("PACKET_TOO_LARGE", {
    stage: "session",
    source: "local",
    retry: "backoff",
    remedy: "Wait.",
    reasonCode: 0x95,
    clause: "MQTT-3.1.2-24",
    details: { attempt: 3, retryInMs: 2000 },
  });
  expect(special).toMatchObject({ stage: "session", source: "local", retryable: true, remedy: "Wait.", reasonCode: 149 });
  expect(special.details?.attempt).toBe(3);
});

test("an error of another installed copy is recognized by its brand", () => {
  const foreign = Object.create({ [Symbol.for("bowline.MqttError")]: true });
  expect(MqttError.is(foreign)).toBe(true);
  expect(MqttError.is(new MqttError("ABORTED"))).toBe(true);
  expect(MqttError.is(new Error("ABORTED"))).toBe(false);
  expect(MqttError.is(null)).toBe(false);
});

test("what is absent is no field at all", () => {
  expect(Object.keys(new MqttError("ABORTED"))).toEqual(["code", "source", "stage", "retry", "remedy"]);
});

test("the log form holds no secret of detail, details or cause", () => {
  const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln";
  const cause = Object.assign(
    new Error(`Invalid URL: wss://bob:hunter2@host/mqtt?token=abc123&x-amz-customauthorizer-name=auth1`),
    {
      code: "ERR_INVALID_URL",
    },
  );
  const error = new MqttError("URL_INVALID", {
    detail: `mqtt://bob:hunter2@host, password ${token}`,
    cause,
    details: { password: "hunter2", nested: { accessToken: "abc123", list: [token] }, payload: new Uint8Array(3), attempt: 2 },
  });
  const text = JSON.stringify(error);
  for (const secret of ["hunter2", "abc123", token]) expect(text).not.toContain(secret);
  expect(error.message).not.toContain("hunter2");
  expect(text).toContain("customauthorizer-name=auth1");
  expect(error.toJSON()).toMatchObject({
    name: "TypeError",
    code: "URL_INVALID",
    cause: { name: "Error", code: "ERR_INVALID_URL" },
    details: { attempt: 2, payload: "3 bytes" },
  });
});

test("what the caller got wrong is a TypeError too, and no other error is", () => {
  const wrong = new MqttError("OPTION_INVALID", { detail: "keepAlive" });
  expect(wrong).toBeInstanceOf(TypeError);
  expect(wrong).toBeInstanceOf(MqttError);
  expect(MqttError.is(wrong)).toBe(true);
  expect(wrong).toMatchObject({ name: "TypeError", code: "OPTION_INVALID", retryable: false });
  expect(String(wrong)).toBe("TypeError: OPTION_INVALID: an option has a wrong type or value: keepAlive");
  expect(wrong.toJSON()).toMatchObject({ code: "OPTION_INVALID" });
  for (const code of ["TCP_REFUSED", "BAD_CREDENTIALS", "CREDENTIALS_FAILED"] as const) {
    expect(new MqttError(code)).not.toBeInstanceOf(TypeError);
    expect(new MqttError(code)).toBeInstanceOf(MqttError);
  }
  expect(new TypeError("x")).not.toBeInstanceOf(MqttError);
});
