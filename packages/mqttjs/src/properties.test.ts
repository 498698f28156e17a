import type { Properties } from "@bowline/protocol";
import { expect, test } from "vitest";
import { fromProperties, toProperties } from "./properties.ts";

test("names, flags, lists and bytes change their form and back", () => {
  const shown = {
    payloadFormatIndicator: true,
    retainAvailable: false,
    subscriptionIdentifiersAvailable: false,
    messageExpiryInterval: 5,
    correlationData: Buffer.from("c"),
    subscriptionIdentifier: [1, 2],
    userProperties: { a: ["1", "2"], b: "3" },
  };
  const kept: Properties = {
    payloadFormatIndicator: 1,
    retainAvailable: 0,
    subscriptionIdentifierAvailable: 0,
    messageExpiryInterval: 5,
    correlationData: Buffer.from("c"),
    subscriptionIdentifiers: [1, 2],
    userProperties: [
      ["a", "1"],
      ["a", "2"],
      ["b", "3"],
    ],
  };
  expect(toProperties(shown)).toEqual(kept);
  expect(fromProperties(kept)).toEqual(shown);
});

test("one subscription identifier is a number", () => {
  expect(fromProperties({ subscriptionIdentifiers: [7] })).toEqual({ subscriptionIdentifier: 7 });
  expect(toProperties({ subscriptionIdentifier: 7 })).toEqual({ subscriptionIdentifiers: [7] });
});

test("text stands for its bytes, and what is absent is absent", () => {
  expect(toProperties({ correlationData: "c", contentType: undefined })).toEqual({ correlationData: new Uint8Array([99]) });
  expect(toProperties({ contentType: undefined })).toBeUndefined();
  expect(toProperties(undefined)).toBeUndefined();
  expect(fromProperties({})).toBeUndefined();
});

test("a user property may have any name, also that of the prototype", () => {
  const shown = fromProperties({
    userProperties: [
      ["__proto__", "x"],
      ["__proto__", "y"],
    ],
  })!["userProperties"] as object;
  expect(Object.entries(shown)).toEqual([["__proto__", ["x", "y"]]]);
  expect(Object.getPrototypeOf(shown)).toBeNull();
});
