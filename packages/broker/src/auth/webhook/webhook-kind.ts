import { MqttError } from "@bowline/protocol";
import { readSecret } from "../../config/secret-reference.ts";
import { isLoopbackHost } from "../../listeners/loopback.ts";
import type { AuthenticatorKind } from "../authenticator-kind.ts";
import { type WebhookConfig, type WebhookInput, webhookSchema } from "./webhook-config.ts";
import { WebhookMethod } from "./webhook-method.ts";
import { unknownPlaceholder } from "./webhook-request.ts";

/** @see WebhookConfig */
export const webhookKind: AuthenticatorKind<WebhookConfig, WebhookInput> = {
  schema: webhookSchema,
  resolve: (config, { secret }) => ({
    ...config,
    ...(config.headers === undefined
      ? {}
      : {
          headers: Object.fromEntries(
            Object.entries(config.headers).map(([name, value]) => [name, typeof value === "string" ? value : secret(value)]),
          ),
        }),
  }),
  open: async (config) => {
    checkUrl(config.url);
    const unknown = unknownPlaceholder(config.body);
    if (unknown !== undefined) throw new MqttError("CONFIG_INVALID", { detail: `webhook: ${unknown} is not known` });
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(config.headers)) {
      headers[name] = typeof value === "string" ? value : (await readSecret(value)).reveal();
    }
    const method = new WebhookMethod(config, headers);
    return { method, close: () => method.close() };
  },
};

/** Passwords go there. */
function checkUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopbackHost(url.hostname.replace(/^\[|\]$/g, "")));
  if (isSafe) return;
  throw new MqttError("CONFIG_INVALID", { detail: "webhook: url must be an https:// address, or an http:// one on the loopback" });
}
