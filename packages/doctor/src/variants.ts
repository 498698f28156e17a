import type { Healing, Scheme } from "@bowline/protocol/internal";
import { type Attempt, attempt } from "./attempt.ts";
import type { Budget } from "./budget.ts";
import { isTls, isWebSocket } from "./client-settings.ts";
import { answeredMqtt, curesAmong, identityVariants, refusedVariants, type Variant, versionVariants } from "./cures.ts";
import type { Settings } from "./settings.ts";
import { randomId } from "./talk/random-id.ts";

type NodeVariant = Variant<Settings, Attempt>;

/** Tries the changes that could tell the causes of this failure apart, and names those that helped. */
export function findCures(failed: Attempt, settings: Settings, budget: Budget): Promise<readonly Healing[]> {
  return curesAmong(variantsOf(failed, settings), failed, settings, (changed) => attempt(changed, budget));
}

/** In order of how much each would prove. */
function variantsOf(failed: Attempt, settings: Settings): readonly NodeVariant[] {
  const { facts } = failed;
  if (facts.connack !== undefined) return refusedVariants(failed, settings);
  if (facts.http !== undefined && facts.milestone !== "upgraded") return statusVariants(failed, settings);
  switch (facts.milestone) {
    case "connected":
    case "secured":
      return isTls(settings) && facts.milestone === "connected"
        ? handshakeVariants(failed, settings)
        : wrongLayerVariants(settings);
    case "upgraded":
    case "connect-sent":
      return silentVariants(failed, settings);
    default:
      return [];
  }
}

const secured = ({ facts }: Attempt): boolean =>
  facts.milestone !== undefined && ["secured", "upgraded", "connect-sent", "accepted"].includes(facts.milestone);
const answeredHttp = ({ facts }: Attempt): boolean => facts.http !== undefined || facts.ws?.everOpened === true;

/** The same place under another scheme. Nothing secret goes where it was not meant to go. */
function under(scheme: Scheme, settings: Settings): Settings {
  const { username: _user, password: _password, will: _will, authentication: _method, cert: _cert, key: _key, ...rest } = settings;
  return { ...rest, scheme, headers: {}, path: settings.path.replace(/\?.*/s, ""), clientId: randomId(), insecure: false };
}

function handshakeVariants({ facts }: Attempt, settings: Settings): readonly NodeVariant[] {
  const { alpnOffered, serverName } = facts.tls ?? {};
  const isPlainMqtt = { healing: "plain" as const, settings: under("mqtt", settings), heals: answeredMqtt };
  const isPlainHttp = { healing: "plain" as const, settings: under("ws", settings), heals: answeredHttp };
  const legacy = { minVersion: "TLSv1", ciphers: "ALL:@SECLEVEL=0" } as const;
  const sameCertificates = { ...settings, username: undefined, password: undefined };
  return [
    ...(isWebSocket(settings) ? [isPlainHttp] : [isPlainMqtt]),
    ...(typeof serverName === "string"
      ? [{ healing: "server-name" as const, settings: { ...sameCertificates, serverName: false as const }, heals: secured }]
      : []),
    ...alpnVariants(settings, alpnOffered, secured),
    {
      healing: "older-tls",
      settings: { ...sameCertificates, ...legacy },
      heals: (tried) => secured(tried) && /^TLSv1(\.1)?$/.test(tried.facts.tls?.protocol ?? ""),
    },
    {
      healing: "legacy-ciphers",
      settings: { ...sameCertificates, ...legacy },
      heals: (tried) => secured(tried) && !/^TLSv1(\.1)?$/.test(tried.facts.tls?.protocol ?? ""),
    },
  ];
}

const knownProtocols = [["mqtt"], ["x-amzn-mqtt-ca"]];

/** Handshakes with other ALPN lists. */
function alpnVariants(
  settings: Settings,
  offered: readonly string[] | undefined,
  heals: (tried: Attempt) => boolean,
): readonly NodeVariant[] {
  const lists = knownProtocols.filter((list) => list.join() !== offered?.join());
  return lists.map((alpnProtocols) => ({ healing: "alpn", settings: { ...settings, alpnProtocols }, heals }));
}

/** No word of HTTP came in answer to the upgrade, or of MQTT over a secure connection that stayed silent. */
function wrongLayerVariants(settings: Settings): readonly NodeVariant[] {
  if (!isWebSocket(settings)) return [];
  const isSecure = isTls(settings);
  return [
    { healing: "mqtt-over-tcp", settings: under(isSecure ? "mqtts" : "mqtt", settings), heals: answeredMqtt },
    ...(isSecure ? [] : [{ healing: "tls" as const, settings: under("wss", settings), heals: secured }]),
  ];
}

/** CONNECT was sent, and no CONNACK came. */
function silentVariants({ facts }: Attempt, settings: Settings): readonly NodeVariant[] {
  if (facts.firstBytes !== undefined && facts.firstBytes.length > 0) return [];
  const isSecure = isTls(settings);
  const layers: NodeVariant[] = [];
  if (!isWebSocket(settings)) {
    layers.push({ healing: "websocket", settings: under(isSecure ? "wss" : "ws", settings), heals: answeredHttp });
    if (!isSecure) layers.unshift({ healing: "tls", settings: under("mqtts", settings), heals: secured });
    else layers.push(...alpnVariants(settings, facts.tls?.alpnOffered, answeredMqtt));
  } else if (settings.subprotocols.length === 0) {
    layers.push({ healing: "subprotocol", settings: { ...settings, subprotocols: ["mqtt"] }, heals: answeredMqtt });
  }
  return [...layers, ...versionVariants(settings), ...identityVariants(settings)];
}

function statusVariants({ facts }: Attempt, settings: Settings): readonly NodeVariant[] {
  const { origin, ...rest } = settings;
  if (origin === undefined || facts.http?.status !== 403) return [];
  return [{ healing: "without-origin", settings: rest, heals: ({ facts: { ws } }) => ws?.everOpened === true }];
}
