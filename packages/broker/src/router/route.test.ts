import { expect, test } from "vitest";
import { accessOf, openAccess } from "../acl/access-functions.ts";
import { Session, type Subscription } from "../sessions/session.ts";
import { makeRoute, type Route, type Target } from "./route.ts";

const access = accessOf(openAccess, () => {});

function newSession(clientIdentifier: string): Session {
  const who = { tenant: "default", owner: "", clientIdentifier };
  return new Session(who.tenant, who.owner, clientIdentifier, access.rightsOf(who, undefined));
}

function subscribed(session: Session, topicFilter: string, options: Partial<Subscription> = {}): Subscription {
  return {
    kind: "single",
    session,
    topicFilter,
    qos: 1,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0,
    subscriptionIdentifier: 0,
    rightsSeen: 0,
    ...options,
  };
}

function route(topicName: string, ...found: Subscription[]): Route {
  return makeRoute(topicName, 1, 128, found);
}

test("topics that one Session gets in the same way share their targets, by whichever Subscriptions", () => {
  const session = newSession("one");
  const [a, b] = [route("a/1", subscribed(session, "a/+")), route("b/1", subscribed(session, "b/+"), subscribed(session, "#"))];
  expect(a.targets).toBe(b.targets);
  expect(a.targets).toHaveLength(1);
  const [other] = route("c", subscribed(session, "c", { qos: 0 })).targets;
  expect(other).toMatchObject({ qos: 0, own: other });
  const [first, second] = route("d", subscribed(session, "d"), subscribed(newSession("two"), "d")).targets;
  expect(first).toBe(a.targets[0]);
  expect(second!.session.clientIdentifier).toBe("two");
});

test("what is of one Subscription is no other's: Subscription Identifiers and No Local", () => {
  const session = newSession("one");
  const plain = route("a", subscribed(session, "a")).targets[0]!;
  const numbered = route("a", subscribed(session, "a", { subscriptionIdentifier: 7 })).targets[0]!;
  const local = (...found: Subscription[]): Target => route("a", ...found).targets[0]!;
  expect(numbered).toMatchObject({ subscriptionIdentifiers: [7], own: numbered });
  expect(plain.subscriptionIdentifiers).toEqual([]);
  expect(local(subscribed(session, "a", { noLocal: true })).own).toBeUndefined();
  expect(local(subscribed(session, "a", { noLocal: true, qos: 2 }), subscribed(session, "+")).own).toBe(plain);
  expect(plain.own).toBe(plain);
});

test("[MQTT-1.5.4-3] a route's topic is the bytes that came, whatever characters they are", () => {
  for (const topicName of ["a/b", "\u{feff}ä/😀"]) expect(Buffer.from(route(topicName).topic).toString()).toBe(topicName);
  expect(route("\u{feff}a").topic).toEqual(Buffer.from([0xef, 0xbb, 0xbf, 0x61]));
});
