import { expect, test } from "vitest";
import { decodePublishProperties, encodePublishProperties } from "./publish-properties.ts";

test("the properties of a message come back as they were, each time in bytes of their own", () => {
  const properties = { contentType: "text/plain", userProperties: [["a", "b"] as const], correlationData: Uint8Array.of(1, 2) };
  const encoded = encodePublishProperties(properties);
  const other = encodePublishProperties({ contentType: "x" });
  expect(decodePublishProperties(encoded, 0, encoded.length)).toEqual(properties);
  expect([...other]).toEqual([0x03, 0, 1, 0x78]);
  const around = Uint8Array.of(9, ...other, 9);
  expect(decodePublishProperties(around, 1, 5)).toEqual({ contentType: "x" });
});

test("what does not belong to a PUBLISH is refused, and bytes that are cut are named", () => {
  expect(() => encodePublishProperties({ sessionExpiryInterval: 1 })).toThrow(/PACKET_INVALID/);
  expect(() => decodePublishProperties(Uint8Array.of(0x03, 0, 9), 0, 3)).toThrow(/contentType/);
});
