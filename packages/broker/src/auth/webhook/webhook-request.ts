import { X509Certificate } from "node:crypto";
import type { AuthRequest } from "../authenticator.ts";
import type { WebhookConfig } from "./webhook-config.ts";

const PLACEHOLDER = /\$\{([a-z_]+)\}/g;

/** The fields of a request with their placeholders filled in. */
export function fieldsFor(body: WebhookConfig["body"], request: AuthRequest): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [name, template] of Object.entries(body)) {
    const alone = /^\$\{([a-z_]+)\}$/.exec(template)?.[1];
    if (alone !== undefined && valueOf(alone, request) === undefined) continue;
    fields[name] = template.replace(PLACEHOLDER, (_, key: string) => valueOf(key, request) ?? "");
  }
  return fields;
}

/** The first placeholder that there is not. */
export function unknownPlaceholder(body: WebhookConfig["body"]): string | undefined {
  for (const template of Object.values(body)) {
    for (const [whole, name = ""] of template.matchAll(PLACEHOLDER)) if (!(name in VALUES)) return whole;
  }
  return undefined;
}

const VALUES: Readonly<Record<string, (request: AuthRequest) => string | undefined>> = {
  clientid: ({ clientIdentifier }) => clientIdentifier,
  username: ({ username }) => username,
  password: ({ password }) => (password === undefined ? undefined : Buffer.from(password).toString("utf8")),
  peerhost: ({ remoteAddress }) => remoteAddress,
  cert_common_name: (request) => /^CN=(.*)$/m.exec(certificateOf(request)?.subject ?? "")?.[1],
  cert_subject: (request) => certificateOf(request)?.subject.replaceAll("\n", ","),
  cert_pem: (request) => certificateOf(request)?.toString(),
};

function valueOf(name: string, request: AuthRequest): string | undefined {
  return VALUES[name]?.(request);
}

function certificateOf({ peerCertificate }: AuthRequest): X509Certificate | undefined {
  return peerCertificate === undefined ? undefined : new X509Certificate(peerCertificate);
}
