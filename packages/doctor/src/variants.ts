import { randomBytes } from "node:crypto";
import type { Healing, Scheme } from "@bowline/protocol/internal";
import { type Attempt, attempt, hasSucceeded } from "./attempt.ts";
import { isTls, isWebSocket, type Settings } from "./settings.ts";
import type { Budget } from "./wire/budget.ts";

/** A change to an attempt that failed, and what would show that the change is the cure. */
interface Variant {
  readonly healing: Healing;
  readonly settings: Settings;
  readonly heals: (attempt: Attempt) => boolean;
}

/** Tries the changes that could tell the causes of this failure apart, at once, and names those that helped. */
export async function findCures(failed: Attempt, settings: Settings, budget: Budget): Promise<readonly Healing[]> {
  const variants = variantsOf(failed, settings);
  if (variants.length === 0) return [];
  const outcomes = await Promise.all(
    variants.map(async ({ healing, settings: changed, heals }) => {
      const tried = await attempt(changed, budget);
      tried.talk?.link.destroy();
      return heals(tried) ? healing : undefined;
    }),
  );
  if (outcomes.every((healing) => healing === undefined)) return [];
  // What works the second time without any change was healed by none.
  const again = await attempt(settings, budget);
  again.talk?.link.destroy();
  if (again.facts.milestone !== failed.facts.milestone || hasSucceeded(again)) return [];
  return [...new Set(outcomes.filter((healing) => healing !== undefined))];
}

/** In order of how much each would prove. */
function variantsOf(failed: Attempt, settings: Settings): readonly Variant[] {
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
const answeredMqtt = ({ facts }: Attempt): boolean => facts.connack !== undefined;
const answeredHttp = ({ facts }: Attempt): boolean => facts.http !== undefined || facts.ws?.everOpened === true;

/** The same place under another scheme. Nothing secret goes where it was not meant to go. */
function under(scheme: Scheme, settings: Settings): Settings {
  const { username: _user, password: _password, will: _will, authentication: _method, cert: _cert, key: _key, ...rest } = settings;
  return { ...rest, scheme, headers: {}, path: settings.path.replace(/\?.*/s, ""), clientId: randomId(), insecure: false };
}

/** An identifier that every broker must take: letters and digits, at most 23. */
export const randomId = (): string => `doctor${randomBytes(8).toString("hex")}`;

function handshakeVariants({ facts }: Attempt, settings: Settings): readonly Variant[] {
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
): readonly Variant[] {
  const lists = knownProtocols.filter((list) => list.join() !== offered?.join());
  return lists.map((alpnProtocols) => ({ healing: "alpn", settings: { ...settings, alpnProtocols }, heals }));
}

/** No word of HTTP came in answer to the upgrade, or of MQTT over a secure connection that stayed silent. */
function wrongLayerVariants(settings: Settings): readonly Variant[] {
  if (!isWebSocket(settings)) return [];
  const isSecure = isTls(settings);
  return [
    { healing: "mqtt-over-tcp", settings: under(isSecure ? "mqtts" : "mqtt", settings), heals: answeredMqtt },
    ...(isSecure ? [] : [{ healing: "tls" as const, settings: under("wss", settings), heals: secured }]),
  ];
}

/** CONNECT was sent, and no CONNACK came. */
function silentVariants({ facts }: Attempt, settings: Settings): readonly Variant[] {
  if (facts.firstBytes !== undefined && facts.firstBytes.length > 0) return [];
  const isSecure = isTls(settings);
  const layers: Variant[] = [];
  if (!isWebSocket(settings)) {
    layers.push({ healing: "websocket", settings: under(isSecure ? "wss" : "ws", settings), heals: answeredHttp });
    if (!isSecure) layers.unshift({ healing: "tls", settings: under("mqtts", settings), heals: secured });
    else layers.push(...alpnVariants(settings, facts.tls?.alpnOffered, answeredMqtt));
  } else if (settings.subprotocols.length === 0) {
    layers.push({ healing: "subprotocol", settings: { ...settings, subprotocols: ["mqtt"] }, heals: answeredMqtt });
  }
  return [
    ...layers,
    ...(settings.version === 5
      ? [{ healing: "protocol-3.1.1" as const, settings: { ...settings, version: 4 as const }, heals: answeredMqtt }]
      : []),
    ...identityVariants(settings),
  ];
}

/** Changes to what CONNECT says of the client. */
function identityVariants(settings: Settings): readonly Variant[] {
  const { will: _, ...willless } = settings;
  return [
    ...(settings.will === undefined ? [] : [{ healing: "without-will" as const, settings: willless, heals: hasSucceeded }]),
    ...(settings.isOwnId === true
      ? [{ healing: "random-client-id" as const, settings: { ...settings, clientId: randomId() }, heals: hasSucceeded }]
      : []),
  ];
}

/** Codes that say nothing certain of what is wrong with the CONNECT. */
const vagueCodes: ReadonlySet<number> = new Set([5, 128, 129, 130, 131, 135]);

function refusedVariants({ facts }: Attempt, settings: Settings): readonly Variant[] {
  return vagueCodes.has(facts.connack?.reasonCode ?? 0) ? identityVariants(settings) : [];
}

function statusVariants({ facts }: Attempt, settings: Settings): readonly Variant[] {
  const { origin, ...rest } = settings;
  if (origin === undefined || facts.http?.status !== 403) return [];
  return [{ healing: "without-origin", settings: rest, heals: ({ facts: { ws } }) => ws?.everOpened === true }];
}
