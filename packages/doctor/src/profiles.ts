import type { AttemptFacts } from "@bowline/protocol/internal";
import type { Findings } from "./findings.ts";

/** What a provider's brokers speak, so that a wrong port or scheme is named before it times out. */
interface Profile {
  readonly name: string;
  readonly hosts: RegExp;
  /** `scheme:port`, and the path of WebSockets. */
  readonly ways: readonly string[];
  readonly path?: string;
  /** What people trip over there. */
  readonly advice: string;
}

const profiles: readonly Profile[] = [
  {
    name: "AWS IoT Core",
    hosts: /\.iot\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/i,
    ways: ["mqtts:8883", "mqtts:443", "wss:443"],
    path: "/mqtt",
    advice: "AWS IoT Core takes mqtts on 8883, mqtts with ALPN on 443, and wss on 443 with the path /mqtt.",
  },
  {
    name: "EMQX Serverless",
    hosts: /\.emqxsl\.(com|cn)$/i,
    ways: ["mqtts:8883", "wss:8084"],
    path: "/mqtt",
    advice:
      "EMQX Serverless takes mqtts on 8883 and wss on 8084 with the path /mqtt; it knows the deployment by the server name, so no alias and no address.",
  },
  {
    name: "HiveMQ Cloud",
    hosts: /\.hivemq\.cloud$/i,
    ways: ["mqtts:8883", "wss:8884"],
    path: "/mqtt",
    advice: "HiveMQ Cloud takes mqtts on 8883 and wss on 8884 with the path /mqtt.",
  },
  {
    name: "Azure IoT Hub",
    hosts: /\.azure-devices\.net$/i,
    ways: ["mqtts:8883", "wss:443"],
    path: "/$iothub/websocket",
    advice: "Azure IoT Hub takes mqtts on 8883 and wss on 443, the user name HUB/DEVICE/?api-version=2021-04-12, and QoS 0 and 1.",
  },
];

/** Warns where a provider known by its host name does not offer what is asked for. */
export function findInProfile(findings: Findings, facts: AttemptFacts): void {
  const { scheme = "", host = "", port = 0, path = "" } = facts.target ?? {};
  const profile = profiles.find(({ hosts }) => hosts.test(host));
  if (profile === undefined) return;
  const way = `${scheme}:${port}`;
  if (!profile.ways.includes(way)) {
    findings.note("PORT_SCHEME_ODD", "warn", `${profile.name} does not take ${scheme} on port ${port}`, facts, [profile.advice]);
  } else if (scheme === "wss" && path.replace(/\?.*/s, "") !== profile.path) {
    findings.note("WS_404", "warn", `${profile.name} has its WebSocket at ${profile.path}`, facts, [profile.advice]);
  }
}

/** What to know of the provider when it refuses, or undefined for a host of no profile. */
export function adviceFor(host: string): string | undefined {
  return profiles.find(({ hosts }) => hosts.test(host))?.advice;
}
