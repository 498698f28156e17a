import { existsSync } from "node:fs";
import { MqttError } from "@bowline/protocol";
import { authorizationSecrets, checkAuthorization } from "../acl/authorization-kinds.ts";
import type { NamedSecret } from "../auth/authenticator-kind.ts";
import { checkAuthenticator, doubledMethod, secretsOf } from "../auth/authenticator-kinds.ts";
import { faultOfPassword } from "../auth/user-directory.ts";
import { parseListenUrl } from "../listeners/listen-url.ts";
import { parseAdminUrl, parseChallengeUrl, parseConsoleUrl } from "../server/admin-url.ts";
import { trustedProxies } from "../server/trusted-proxies.ts";
import { DEFAULT_TENANT } from "../tenants/tenant.ts";
import { TENANT_NAME } from "../tenants/tenant-settings.ts";
import { accessChains } from "./access-chains.ts";
import { externalKeyFault } from "./acme-schema.ts";
import { bootstrapFaults } from "./bootstrap-faults.ts";
import type { BrokerConfig } from "./broker-config.ts";
import { dataFolder } from "./data-folder.ts";
import type { ListenerConfig } from "./listener-schema.ts";
import type { MeaningFault } from "./meaning-fault.ts";
import { presetFaults } from "./presets.ts";
import { readSecret } from "./secret-reference.ts";
import { tlsFaults } from "./tls-faults.ts";

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
    check(["listen", index], () => checkHeaders(listener));
    for (const [at, range] of (listener.trustedProxies ?? []).entries())
      check(["listen", index, "trustedProxies", at], () => trustedProxies([range]));
    for (const origin of listener.allowedOrigins ?? []) check(["listen", index, "allowedOrigins"], () => checkOrigin(origin));
  }
  check(["console"], () => config.console !== false && parseConsoleUrl(config.console));
  check(["admin", "listen"], () => config.admin.listen !== false && parseAdminUrl(config.admin.listen, config));
  check(["tls", "acme", "listen"], () => config.tls.acme !== undefined && parseChallengeUrl(config.tls.acme.listen));
  for (const [at, range] of config.trustedProxies.entries()) check(["trustedProxies", at], () => trustedProxies([range]));
  for (const { path, authentication = [], authorization } of accessChains(config)) {
    for (const [index, link] of authentication.entries()) check([...path, "authentication", index], () => checkAuthenticator(link));
    for (const [index, each] of authorization.entries()) check([...path, "authorization", index], () => checkAuthorization(each));
    const place = [...path, "authentication"];
    const doubled = doubledMethod(authentication, [], place.join("."));
    if (doubled !== undefined) faults.push({ path: [...place, doubled.index], error: doubled.error });
  }
  for (const name of Object.keys(config.tenants.named)) check(["tenants", "named", name], () => checkTenantName(name));
  faults.push(...(await tlsFaults(config.tls)));
  faults.push(...presetFaults(config));
  faults.push(...bootstrapFaults(config.bootstrap));
  for (const { path, reference, faultOf } of secretsIn(config)) {
    try {
      const secret = await readSecret(reference);
      const fault = faultOf?.(secret.reveal());
      if (fault !== undefined) throw new MqttError("CONFIG_INVALID", { detail: fault });
    } catch (error) {
      faults.push({ path, error: asMqttError(error) });
    }
  }
  return faults;
}

function secretsIn(config: BrokerConfig): NamedSecret[] {
  const { tls, metrics, bootstrap } = config;
  return [
    ...(tls.passphrase === undefined ? [] : [{ path: ["tls", "passphrase"], reference: tls.passphrase }]),
    ...(tls.acme?.externalAccount === undefined
      ? []
      : [{ path: ["tls", "acme", "externalAccount", "key"], reference: tls.acme.externalAccount.key, faultOf: externalKeyFault }]),
    ...(metrics.token === undefined ? [] : [{ path: ["metrics", "token"], reference: metrics.token }]),
    ...(hasStore(config) ? [] : bootstrap.users).map(({ password }, index) => ({
      path: ["bootstrap", "users", index, "password"],
      reference: password,
      faultOf: faultOfPassword,
    })),
    ...accessChains(config).flatMap(({ path, authentication = [], authorization }) => [
      ...authentication.flatMap((link, index) => below([...path, "authentication", index], secretsOf(link))),
      ...authorization.flatMap((each, index) => below([...path, "authorization", index], authorizationSecrets(each))),
    ]),
  ];
}

/** First passwords are read once: whoever takes them away after the first start must still be able to start. */
function hasStore({ memory, data }: BrokerConfig): boolean {
  return !memory && existsSync(dataFolder(data).store);
}

function below(path: readonly PropertyKey[], secrets: readonly NamedSecret[]): NamedSecret[] {
  return secrets.map((secret) => ({ ...secret, path: [...path, ...secret.path] }));
}

function checkTenantName(name: string): void {
  if (name === DEFAULT_TENANT)
    throw new MqttError("CONFIG_INVALID", {
      detail: 'tenants.named: what concerns the tenant "default" stands at the top: authentication, authorization, senderStamp',
    });
  if (!TENANT_NAME.test(name))
    throw new MqttError("CONFIG_INVALID", {
      detail: `tenants.named: ${JSON.stringify(name)} cannot be a tenant: names have 1 to 63 of the characters a-z, 0-9 and -, the dash inside only`,
    });
}

function checkAnyProtocol({ url, anyProtocol = false }: ListenerConfig): void {
  if (!anyProtocol || /^wss?:/i.test(url)) return;
  throw new MqttError("CONFIG_INVALID", {
    detail: "anyProtocol belongs to ws:// and wss:// listeners, whose URL says where the WebSocket is",
  });
}

function checkHeaders({ url, forwardedHost, forwardedCertificate }: ListenerConfig): void {
  const isHttp = /^wss?:/i.test(url);
  const wrong =
    !isHttp && forwardedCertificate !== undefined
      ? "forwardedCertificate"
      : forwardedHost === true && !/^ws:/i.test(url) && "forwardedHost";
  if (wrong === false) return;
  throw new MqttError("CONFIG_INVALID", {
    detail: `${wrong} belongs to listeners that get headers from a proxy: ${wrong === "forwardedHost" ? "ws:// ones, since with TLS the server name has chosen" : "ws:// and wss:// ones"}`,
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
