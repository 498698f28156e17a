import { MqttError } from "@bowline/protocol";
import { parseListenUrl } from "../listeners/listen-url.ts";
import { parseAdminUrl, parseChallengeUrl, parseConsoleUrl } from "../server/admin-url.ts";
import { trustedProxies } from "../server/trusted-proxies.ts";
import type { BrokerConfig } from "./broker-config.ts";
import type { ListenerConfig } from "./listener-schema.ts";
import { readSecret, type SecretReference } from "./secret-reference.ts";

/** A key whose form is right and whose meaning is not. */
export interface MeaningFault {
  path: readonly PropertyKey[];
  error: MqttError;
}

/** What no schema sees: addresses that cannot be, and secrets that are not there. Opens nothing but the files of secrets. */
export async function meaningFaults(config: BrokerConfig): Promise<MeaningFault[]> {
  const faults: MeaningFault[] = [];
  const check = (path: readonly PropertyKey[], work: () => unknown): void => {
    try {
      work();
    } catch (error) {
      faults.push({ path, error: asMqttError(error) });
    }
  };
  for (const [index, listener] of config.listen.entries()) {
    check(["listen", index], () => parseListenUrl(listener.url, config));
    check(["listen", index, "anyProtocol"], () => checkAnyProtocol(listener));
    check(["listen", index, "trustedProxies"], () => trustedProxies(listener.trustedProxies ?? []));
    for (const origin of listener.allowedOrigins ?? []) check(["listen", index, "allowedOrigins"], () => checkOrigin(origin));
  }
  check(["console"], () => config.console !== false && parseConsoleUrl(config.console));
  check(["admin", "listen"], () => config.admin.listen !== false && parseAdminUrl(config.admin.listen, config));
  check(["tls", "acme", "listen"], () => config.tls.acme !== undefined && parseChallengeUrl(config.tls.acme.listen));
  check(["trustedProxies"], () => trustedProxies(config.trustedProxies));
  for (const [path, secret] of secretsOf(config)) {
    await readSecret(secret).catch((error: unknown) => faults.push({ path, error: asMqttError(error) }));
  }
  return faults;
}

function secretsOf({ tls, metrics, bootstrap }: BrokerConfig): [readonly PropertyKey[], SecretReference][] {
  return [
    ...(tls.passphrase === undefined ? [] : [[["tls", "passphrase"], tls.passphrase] as [string[], SecretReference]]),
    ...(metrics.token === undefined ? [] : [[["metrics", "token"], metrics.token] as [string[], SecretReference]]),
    ...bootstrap.users.map(({ password }, index): [PropertyKey[], SecretReference] => [
      ["bootstrap", "users", index, "password"],
      password,
    ]),
  ];
}

function checkAnyProtocol({ url, anyProtocol = false }: ListenerConfig): void {
  if (!anyProtocol || /^wss?:/i.test(url)) return;
  throw new MqttError("CONFIG_INVALID", {
    detail: "anyProtocol belongs to ws:// and wss:// listeners, whose URL says where the WebSocket is",
  });
}

const ORIGIN = /^(https?:\/\/(\*\.)?[^\s/*?#@]+|null)$/;

function checkOrigin(origin: string): void {
  if (ORIGIN.test(origin)) return;
  throw new MqttError("CONFIG_INVALID", {
    detail: `allowedOrigins: "${origin}" is no origin; write it as https://app.example.com or https://*.example.com, without a path`,
  });
}

function asMqttError(error: unknown): MqttError {
  return MqttError.is(error) ? error : new MqttError("CONFIG_INVALID", { cause: error });
}
