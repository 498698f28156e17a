import type { Packet, ProtocolVersion } from "@bowline/protocol";
import { encodeToBytes } from "@bowline/protocol";

/** Byte strings that broke other decoders, kept whole. */
const known: readonly string[] = [
  "101000044d5154540502003c0321001400006202d301e0020020",
  "30808080740000",
  "2902000001e000",
  "3008000161808080800100",
  "10ffffff7f00",
  "82100001000a2473686172652f672f6104",
];

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const user = { userProperties: [["key", "value"] as const, ["key", ""] as const] };

/** One rich packet of each type for each version: what mutations start from. */
function packets(version: ProtocolVersion): Packet[] {
  const v5 = version === 5;
  const withUser = v5 ? { properties: user } : {};
  const willProperties = {
    willDelayInterval: 5,
    contentType: "text/plain",
    responseTopic: "r/1",
    correlationData: bytes(1, 2),
    ...user,
  };
  const connectProperties = {
    sessionExpiryInterval: 0xffff_ffff,
    receiveMaximum: 10,
    maximumPacketSize: 65_536,
    topicAliasMaximum: 16,
    requestProblemInformation: 0 as const,
    authenticationMethod: "SCRAM-SHA-256",
    authenticationData: bytes(1, 2, 3),
    ...user,
  };
  const publishProperties = {
    payloadFormatIndicator: 1 as const,
    messageExpiryInterval: 86_400,
    topicAlias: 3,
    responseTopic: "a/b/c",
    correlationData: bytes(9, 9, 9),
    subscriptionIdentifiers: [1, 200, 20_000, 268_435_455],
    contentType: "application/json",
    ...user,
  };
  const publish = {
    type: 3,
    topicName: "sensors/küche/🐙/t",
    payload: new Uint8Array(40).fill(0x30),
    retain: true,
    dup: false,
  } as const;
  const subscription = { noLocal: v5, retainAsPublished: v5, retainHandling: v5 ? 2 : 0 } as const;
  const common: Packet[] = [
    {
      type: 1,
      protocolVersion: version,
      cleanStart: true,
      keepAlive: 60,
      clientIdentifier: "client-1",
      username: "user",
      password: bytes(0x70, 0x77),
      will: { topicName: "will/1", payload: bytes(1), qos: 2, retain: true, ...(v5 ? { properties: willProperties } : {}) },
      ...(v5 ? { properties: connectProperties } : {}),
    },
    {
      type: 2,
      sessionPresent: version !== 3,
      reasonCode: 0,
      ...(v5 ? { properties: { assignedClientIdentifier: "x", serverKeepAlive: 5, ...user } } : {}),
    },
    { ...publish, qos: 0 },
    { ...publish, qos: 2, packetIdentifier: 0x1234, ...(v5 ? { properties: publishProperties } : {}) },
    {
      type: 8,
      packetIdentifier: 2,
      subscriptions: [
        { topicFilter: "a/+/#", qos: 1, ...subscription },
        { topicFilter: "b", qos: 2, ...subscription },
      ],
      ...withUser,
    },
    { type: 9, packetIdentifier: 2, reasonCodes: [0, 1, 2, 0x80], ...withUser },
    { type: 10, packetIdentifier: 3, topicFilters: ["a/+/#", "b"], ...withUser },
    { type: 11, packetIdentifier: 3, reasonCodes: v5 ? [0, 0x11] : [], ...withUser },
    { type: 12 },
    { type: 13 },
    { type: 14, reasonCode: v5 ? 0x8e : 0, ...(v5 ? { properties: { reasonString: "taken over", ...user } } : {}) },
  ];
  for (const type of [4, 5, 6, 7] as const) common.push({ type, packetIdentifier: 7, reasonCode: 0, ...withUser });
  if (v5)
    common.push({ type: 15, reasonCode: 0x18, properties: { authenticationMethod: "m", authenticationData: bytes(1), ...user } });
  return common;
}

/** Byte strings that mutations start from: whole valid packets of the version, and those that broke other decoders. */
export function seedsOf(version: ProtocolVersion): Uint8Array[] {
  return [
    ...packets(version).map((packet) => encodeToBytes(packet, version)),
    ...known.map((hex) => Uint8Array.from(Buffer.from(hex, "hex"))),
  ];
}
