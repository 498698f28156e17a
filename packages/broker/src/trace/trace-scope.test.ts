import { PacketType } from "@bowline/protocol";
import { publishOf } from "@bowline/testkit/broker";
import { expect, test } from "vitest";
import { type ScopedConnection, TraceScope, type TraceRequest } from "./trace-scope.ts";

const HERE: ScopedConnection = { tenant: "a", remoteAddress: "10.1.2.3", clientIdentifier: "one" };

test("a trace is about its own tenant, and about what all its conditions say", () => {
  const isAbout = (request: Partial<TraceRequest>, changes: Partial<ScopedConnection> = {}): boolean =>
    new TraceScope({ tenant: "a", ...request }).mayBeAbout({ ...HERE, ...changes });
  expect(isAbout({})).toBe(true);
  expect(isAbout({}, { tenant: "b" })).toBe(false);
  expect(isAbout({ clientIdentifier: "one", address: "10.0.0.0/8" })).toBe(true);
  expect(isAbout({ clientIdentifier: "one", address: "11.0.0.0/8" })).toBe(false);
  expect(isAbout({ clientIdentifier: "two" })).toBe(false);
  // It may say so yet.
  expect(isAbout({ clientIdentifier: "two" }, { clientIdentifier: undefined })).toBe(true);
  // A unix socket has no address.
  expect(isAbout({ address: "10.0.0.0/8" }, { remoteAddress: "" })).toBe(false);
});

test("by topic it is about what names a topic that the filter matches", () => {
  const scope = new TraceScope({ tenant: "a", topicFilter: "plant/+/state" });
  expect(scope.isAboutTopic(publishOf("x", "", 0), "plant/1/state")).toBe(true);
  expect(scope.isAboutTopic(publishOf("x", "", 0), undefined)).toBe(false);
  const filters = (...topicFilters: string[]): boolean =>
    scope.isAboutTopic({ type: PacketType.UNSUBSCRIBE, packetIdentifier: 1, topicFilters }, undefined);
  expect(filters("office/#", "#")).toBe(true);
  expect(filters("$share/g/plant/#")).toBe(true);
  expect(filters("$SYS/#", "plant/1")).toBe(false);
  expect(scope.isAboutTopic({ type: PacketType.PINGREQ }, undefined)).toBe(false);
});
