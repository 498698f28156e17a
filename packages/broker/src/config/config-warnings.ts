import { memoryWarning } from "../connection/memory-held.ts";
import { certificateWarnings } from "../tls/certificate-warnings.ts";
import type { BrokerConfig } from "./broker-config.ts";
import type { ConfigWarning } from "./config-warning.ts";
import type { ListenerConfig } from "./listener-schema.ts";

/** What `config check` says of a configuration that is well. */
export async function configWarnings(config: BrokerConfig): Promise<ConfigWarning[]> {
  const { users, rules } = config.bootstrap;
  const standing = await standingWarnings(config);
  if (users.length === 0 || rules.length > 0 || grantsRights(config)) return standing;
  return [...standing, { path: ["bootstrap", "users"], words: `the users of \`bootstrap\` will have no rights: ${NO_RIGHTS}` }];
}

/** What a start and a reload say too. */
export async function standingWarnings(config: BrokerConfig): Promise<ConfigWarning[]> {
  const memory = memoryWarning(config.limits.maximumMemoryBytes);
  const ofMemory = memory === undefined ? [] : [{ path: ["limits", "maximumMemoryBytes"], words: memory }];
  return [...ofMemory, ...uselessChains(config), ...(await certificateWarnings(config.tls))];
}

/** Chains that let nobody in, and links that no client can satisfy. */
function uselessChains({ authentication, anonymous, tls, listen, proxyProtocol }: BrokerConfig): ConfigWarning[] {
  if (authentication.length === 0 && !anonymous)
    return [{ path: ["authentication"], words: "`authentication` is empty, and `anonymous` is not true: nobody can come in" }];
  const hasCertificates = tls.clientCa !== undefined || proxyProtocol || listen.some(takesCertificates);
  return authentication.flatMap(({ kind }, index) =>
    kind === "certificate" && !hasCertificates
      ? [{ path: ["authentication", index], words: "no client is asked for a certificate: give `tls.clientCa`" }]
      : [],
  );
}

/** From a proxy, in a header or in the PROXY header's field. */
function takesCertificates({ forwardedCertificate, proxyProtocol }: ListenerConfig): boolean {
  return forwardedCertificate !== undefined || proxyProtocol === true;
}

/** What to do where no rule allows anything. */
export const NO_RIGHTS =
  "no rule allows them anything. Give bootstrap.rules, or add some with `bowline acl add`, such as `bowline acl add allow both 'devices/${username}/#'`";

/** Whether anybody but the rules of the store may give rights: whoever vouches for a client may bring some along. */
export function grantsRights({ authentication, authorization }: BrokerConfig): boolean {
  const ofTheStore = ["password", "scram", "certificate"];
  return authorization.length > 0 || authentication.some(({ kind }) => !ofTheStore.includes(kind));
}
