import type { Properties, QoS, UserProperty } from "@bowline/protocol";
import { utf8Encoder } from "@bowline/protocol/internal";
import type { UserProperties } from "./packets.ts";
import { asBuffer } from "./payload.ts";

/** Properties as MQTT.js names them, of any packet. */
export type JsProperties = Record<string, unknown>;

/** Properties that MQTT.js has as booleans. */
const flags: ReadonlySet<string> = new Set([
  "payloadFormatIndicator",
  "requestProblemInformation",
  "requestResponseInformation",
  "retainAvailable",
  "wildcardSubscriptionAvailable",
  "subscriptionIdentifierAvailable",
  "sharedSubscriptionAvailable",
]);

/**
 * Properties of an application for the protocol; undefined when there are none. Those that the protocol does not know are left
 * out, and so is the Topic Alias, which belongs to a connection and not to a message.
 */
export function toProperties(given: object | undefined | null): Properties | undefined {
  const entries = Object.entries(given ?? {}).flatMap(([name, value]) => (value == null ? [] : [toProperty(name, value)]));
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Properties);
}

/** A QoS as programs give it, where null stands for 0 and a text for its number; what is none is for the caller to refuse. */
export function qosOf(given: unknown): QoS {
  return Number(given ?? 0) as QoS;
}

function toProperty(name: string, value: unknown): readonly [string, unknown] {
  switch (name) {
    case "userProperties":
      return [name, userPropertyList(value as UserProperties)];
    case "subscriptionIdentifier":
      return ["subscriptionIdentifiers", [value].flat()];
    case "subscriptionIdentifiersAvailable":
      return ["subscriptionIdentifierAvailable", Number(value)];
    case "correlationData":
    case "authenticationData":
      return [name, typeof value === "string" ? utf8Encoder().encode(value) : value];
    default:
      return [name, flags.has(name) ? Number(value) : value];
  }
}

function userPropertyList(given: UserProperties): UserProperty[] {
  // As in MQTT.js numbers and the like are sent as texts; what is not there is left out.
  const text = (value: string | number | boolean): string => String(value);
  const isThere = (value: unknown): boolean => value != null;
  return Object.entries(given).flatMap(([name, values]) =>
    [values]
      .flat()
      .filter(isThere)
      .map((value) => [name, text(value)] as const),
  );
}

/** Properties of a packet as MQTT.js shows them; undefined when there are none. */
export function fromProperties(properties: Properties | undefined): JsProperties | undefined {
  const entries = Object.entries(properties ?? {});
  return entries.length === 0 ? undefined : Object.fromEntries(entries.map(([name, value]) => fromProperty(name, value)));
}

function fromProperty(name: string, value: unknown): readonly [string, unknown] {
  switch (name) {
    case "userProperties":
      return [name, userPropertyObject(value as readonly UserProperty[])];
    case "subscriptionIdentifiers": {
      const identifiers = value as readonly number[];
      return ["subscriptionIdentifier", identifiers.length === 1 ? identifiers[0] : [...identifiers]];
    }
    case "subscriptionIdentifierAvailable":
      return ["subscriptionIdentifiersAvailable", value === 1];
    default:
      if (value instanceof Uint8Array) return [name, asBuffer(value)];
      return [name, flags.has(name) ? value === 1 : value];
  }
}

function userPropertyObject(list: readonly UserProperty[]): UserProperties {
  // Names come from the network: one of them may be "__proto__".
  const all = Object.create(null) as UserProperties;
  for (const [name, value] of list) {
    const before = all[name];
    all[name] = before === undefined ? value : [before, value].flat();
  }
  return all;
}
