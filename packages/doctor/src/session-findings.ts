import type { ConnackPacket } from "@bowline/protocol";
import type { AttemptFacts } from "@bowline/protocol/internal";
import type { Findings } from "./findings.ts";
import type { DoctorOptions } from "./options.ts";
import type { Limits } from "./report.ts";
import type { TripPlan } from "./talk/round-trip.ts";
import type { ClientSettings } from "./client-settings.ts";

/** P10: what the server allows. */
export function limitsOf({ properties = {} }: ConnackPacket): Limits {
  const { userProperties: _, authenticationData: _data, correlationData: _correlation, ...named } = properties;
  return Object.fromEntries(
    Object.entries(named).filter((entry): entry is [string, string | number] => ["string", "number"].includes(typeof entry[1])),
  );
}

export function sessionLimits({ properties = {} }: ConnackPacket): TripPlan["limits"] {
  const { maximumPacketSize, maximumQoS, retainAvailable } = properties;
  return {
    ...(maximumPacketSize === undefined ? {} : { maximumPacketSize }),
    ...(maximumQoS === undefined ? {} : { maximumQos: maximumQoS }),
    ...(retainAvailable === undefined ? {} : { retainAvailable: retainAvailable === 1 }),
  };
}

/** What of the plan the server does not take, told before it is sent. Returns whether the plan can be sent. */
export function findInLimits(
  findings: Findings,
  connack: ConnackPacket,
  facts: AttemptFacts,
  settings: ClientSettings,
  options: DoctorOptions,
): boolean {
  const { maximumPacketSize = Infinity, maximumQoS = 2, retainAvailable = 1, serverKeepAlive } = connack.properties ?? {};
  const before = findings.list.length;
  if ((options.qos ?? 0) > maximumQoS) {
    findings.note("QOS_UNSUPPORTED", "fail", `Maximum QoS ${maximumQoS}, and QoS ${options.qos} is asked for`, facts);
  }
  if (options.retain === true && retainAvailable === 0) {
    findings.note("RETAIN_UNSUPPORTED", "fail", "Retain Available 0, and a retained message is asked for", facts);
  }
  if ((options.payloadBytes ?? 0) > maximumPacketSize) {
    findings.note(
      "PACKET_TOO_LARGE",
      "fail",
      `${options.payloadBytes} bytes, and Maximum Packet Size is ${maximumPacketSize}`,
      facts,
    );
  }
  const canSend = findings.list.length === before;
  if (serverKeepAlive !== undefined && serverKeepAlive !== settings.keepAlive) {
    const observed = `${serverKeepAlive} s in place of ${settings.keepAlive} s`;
    findings.note("SERVER_KEEPALIVE", serverKeepAlive < settings.keepAlive ? "warn" : "info", observed, facts);
  }
  return canSend;
}

const awsHost = /\.iot\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/i;
const awsPacketMax = 128 * 1024;
const awsSlashesMax = 7;

/** Limits of AWS IoT Core, which closes the connection of whoever breaks one, without a word. Returns whether all are kept. */
export function keepsAwsLimits(findings: Findings, facts: AttemptFacts, settings: ClientSettings, options: DoctorOptions): boolean {
  if (!awsHost.test(settings.host)) return true;
  const broken = [
    ...((options.qos ?? 0) === 2 ? ["QoS 2 is not supported"] : []),
    ...((options.payloadBytes ?? 0) > awsPacketMax ? ["a packet is over 128 KiB"] : []),
    ...((options.topic?.split("/").length ?? 1) - 1 > awsSlashesMax ? [`a topic has more than ${awsSlashesMax} slashes`] : []),
    ...(settings.keepAlive !== 0 && (settings.keepAlive < 30 || settings.keepAlive > 1200)
      ? [`keep alive ${settings.keepAlive} s is not between 30 and 1200 s`]
      : []),
  ];
  for (const observed of broken) findings.note("AWS_LIMITS", "fail", observed, facts);
  return broken.length === 0;
}

export const isAwsHost = (host: string): boolean => awsHost.test(host);
