import { createSign, generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { authorizerEvent } from "./authorizer-event.ts";
import { authorizerParameters, plainUserName } from "./authorizer-parameters.ts";
import { TokenSignature } from "./token-signature.ts";

const SDK = "?x-amz-customauthorizer-name=chat&x-amz-customauthorizer-signature=a%2Bb%3D&token=t1&SDK=NodeJSv2&Version=1.21.8";

test.each([
  ["the URL", { queryString: SDK }],
  ["the URL without its question mark", { queryString: SDK.slice(1) }],
  ["the User Name", { username: `alice${SDK}` }],
  ["a User Name that is a query alone", { username: SDK }],
  [
    "headers, in any letters",
    { headers: { "X-Amz-CustomAuthorizer-Name": "chat", "x-amz-customauthorizer-signature": "a+b=", Token: "t1" } },
  ],
])("[E4 broker] name, signature and token are read alike from %s", (_, places) => {
  expect(authorizerParameters(places, "token")).toEqual({ name: "chat", signature: "a+b=", token: "t1", warnings: [] });
});

test("the URL stands before headers, and those before the User Name", () => {
  const name = (value: string): string => `x-amz-customauthorizer-name=${value}`;
  const headers = { "x-amz-customauthorizer-name": "header" };
  const username = `u?${name("user")}`;
  expect(authorizerParameters({ queryString: name("url"), headers, username }).name).toBe("url");
  expect(authorizerParameters({ queryString: "", headers, username }).name).toBe("header");
  expect(authorizerParameters({ username }).name).toBe("user");
});

test("a parameter in other letters is taken and warned of; a signature that is not encoded keeps its plus", () => {
  const found = authorizerParameters({ queryString: "?X-Amz-CustomAuthorizer-Name=chat&x-amz-customauthorizer-signature=a+b=" });
  expect(found).toMatchObject({ name: "chat", signature: "a+b=" });
  expect(found.warnings).toEqual([
    "the parameter X-Amz-CustomAuthorizer-Name is written x-amz-customauthorizer-name; AWS may not find it",
  ]);
});

test("[E4 broker] what is left of a User Name has no query", () => {
  expect(plainUserName(`alice${SDK}`)).toBe("alice");
  expect(plainUserName(SDK)).toBe("");
  expect(plainUserName("")).toBe("");
});

test("the event has the parts that apply, the User Name whole and the password in base64", () => {
  const connectionId = "0d9e1a0c-0000-4000-8000-000000000000";
  expect(
    authorizerEvent({
      connectionId,
      serverName: "a.test",
      http: { headers: { host: "a.test" }, queryString: "x=1" },
      clientId: "c1",
      username: SDK,
      password: Buffer.from("pä"),
    }),
  ).toEqual({
    signatureVerified: false,
    protocols: ["tls", "http", "mqtt"],
    protocolData: {
      tls: { serverName: "a.test" },
      http: { headers: { host: "a.test" }, queryString: "?x=1" },
      mqtt: { username: SDK, password: Buffer.from("pä").toString("base64"), clientId: "c1" },
    },
    connectionMetadata: { id: connectionId },
  });
  const bare = authorizerEvent({ connectionId, clientId: "c1", username: "" }, "t1");
  expect(bare).toEqual({
    token: "t1",
    signatureVerified: true,
    protocols: ["mqtt"],
    protocolData: { mqtt: { username: "", clientId: "c1" } },
    connectionMetadata: { id: connectionId },
  });
});

test("a token is right by one of the keys, and nothing that is sent throws", () => {
  const pair = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const other = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const pem = (key: typeof pair): string => String(key.publicKey.export({ type: "spki", format: "pem" }));
  const signature = createSign("RSA-SHA256").update("t1").sign(pair.privateKey).toString("base64");
  const keys = new TokenSignature({ one: pem(other), two: pem(pair) });
  expect(keys.isRight("t1", signature)).toBe(true);
  expect(keys.isRight("t2", signature)).toBe(false);
  expect(keys.isRight("t1", "")).toBe(false);
  expect(keys.isRight("t1", "\u0000%%%")).toBe(false);
  expect(new TokenSignature({ one: pem(other) }).isRight("t1", signature)).toBe(false);
});

test("a key that AWS would not take is refused by its name", () => {
  const short = generateKeyPairSync("rsa", { modulusLength: 1_024 }).publicKey.export({ type: "spki", format: "pem" }).toString();
  const curve = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ type: "spki", format: "pem" }).toString();
  expect(() => new TokenSignature({ short })).toThrow("OPTION_INVALID");
  expect(() => new TokenSignature({ curve })).toThrow("the token signing key curve is no RSA key of 2048 bits or more");
  expect(() => new TokenSignature({ none: "x" })).toThrow("the token signing key none is no public key in PEM");
});
