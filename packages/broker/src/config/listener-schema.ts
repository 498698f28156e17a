import { z } from "zod";

/** One listener, complete. Whatever is undefined here is as the top of the configuration says. */
export interface ListenerConfig {
  /** mqtt, mqtts, ws, wss or unix, with host, port and path; `?tenant=NAME` names the owner of what has no name. */
  url: string;
  /** Expect a PROXY header (version 1 or 2) on every connection. Default: `proxyProtocol` of the top. */
  proxyProtocol?: boolean | undefined;
  /** Addresses (CIDR) whose PROXY and X-Forwarded-For headers are believed here. Default: `trustedProxies` of the top. */
  trustedProxies?: string[] | undefined;
  /** Refuse TLS clients that name no host. Default: `tls.requireSni`. */
  requireSni?: boolean | undefined;
  /**
   * Origins of pages that may open a WebSocket here, such as https://app.example.com or https://*.example.com. Default: every page.
   * Clients that are no page send none, and come in.
   */
  allowedOrigins?: string[] | undefined;
  /**
   * For ws and wss: answer MQTT on this port as well, told apart by ALPN or the first bytes; on the loopback, or with
   * `allowPlaintext`, a wss listener then takes it all without TLS too.
   */
  anyProtocol?: boolean | undefined;
  /** For ws and wss: believe X-Forwarded-For of trusted proxies, the last address in it that is none of theirs. Default: no. */
  forwardedFor?: boolean | undefined;
  /**
   * For ws without TLS: the host name that a trusted proxy was asked for (X-Forwarded-Host, else Host) chooses the tenant, and one
   * that is nobody's is refused. Default: no.
   */
  forwardedHost?: boolean | undefined;
  /**
   * For ws and wss: the header in which a trusted proxy hands on the client certificate that it has verified: escaped PEM (nginx's
   * $ssl_client_escaped_cert), DER in base64, or its subject ($ssl_client_s_dn). Default: none.
   */
  forwardedCertificate?: string | undefined;
}

/** A URL alone says all that most listeners need. */
export type ListenerInput = string | ListenerConfig;

export const addressRanges: z.ZodType<string[], string[]> = z.array(z.string());

const HOST = /^(?=.{1,253}$)(\*\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

export const hostNames: z.ZodType<string[], string[]> = z.array(
  z.string().regex(HOST, { error: "must be a host name in lower case, such as mqtt.example.com or *.example.com" }),
);

const listenerObject: z.ZodType<ListenerConfig, ListenerConfig> = z.strictObject({
  url: z
    .string()
    .describe("mqtt, mqtts, ws, wss or unix, with host, port and path; `?tenant=NAME` names the owner of what has no name."),
  proxyProtocol: z
    .boolean()
    .optional()
    .describe("Expect a PROXY header (version 1 or 2) on every connection. Default: `proxyProtocol` of the top."),
  trustedProxies: addressRanges
    .optional()
    .describe("Addresses (CIDR) whose PROXY and X-Forwarded-For headers are believed here. Default: `trustedProxies` of the top."),
  requireSni: z.boolean().optional().describe("Refuse TLS clients that name no host. Default: `tls.requireSni`."),
  allowedOrigins: z
    .array(z.string())
    .optional()
    .describe(
      "Origins of pages that may open a WebSocket here, such as https://app.example.com or https://*.example.com. Default: every page. Clients that are no page send none, and come in.",
    ),
  forwardedFor: z
    .boolean()
    .optional()
    .describe(
      "For ws and wss: believe X-Forwarded-For of trusted proxies, the last address in it that is none of theirs. Default: no.",
    ),
  forwardedHost: z
    .boolean()
    .optional()
    .describe(
      "For ws without TLS: the host name that a trusted proxy was asked for (X-Forwarded-Host, else Host) chooses the tenant, and one that is nobody's is refused. Default: no.",
    ),
  forwardedCertificate: z
    .string()
    .regex(/^[\w-]+$/, { error: "must be the name of a header, such as X-Client-Certificate" })
    .optional()
    .describe(
      "For ws and wss: the header in which a trusted proxy hands on the client certificate that it has verified: escaped PEM (nginx's $ssl_client_escaped_cert), DER in base64, or its subject ($ssl_client_s_dn). Default: none.",
    ),
  anyProtocol: z
    .boolean()
    .optional()
    .describe(
      "For ws and wss: answer MQTT on this port as well, told apart by ALPN or the first bytes; on the loopback, or with `allowPlaintext`, a wss listener then takes it all without TLS too.",
    ),
});

/** @see ListenerInput */
export const listenerSchema: z.ZodType<ListenerInput, ListenerInput> = z.union([z.string(), listenerObject], {
  error: "must be a listener's URL, or a group of keys with `url`",
});
