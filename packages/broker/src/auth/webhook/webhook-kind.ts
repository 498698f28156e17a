import type { AuthenticatorKind } from "../authenticator-kind.ts";
import { checkHttpHook, readHeaders, resolveHeaders, secretHeaders } from "./http-hook-config.ts";
import { type WebhookConfig, type WebhookInput, webhookSchema } from "./webhook-config.ts";
import { WebhookMethod } from "./webhook-method.ts";
import { loginFields } from "./webhook-request.ts";

/** @see WebhookConfig */
export const webhookKind: AuthenticatorKind<WebhookConfig, WebhookInput> = {
  schema: webhookSchema,
  resolve: resolveHeaders,
  secrets: secretHeaders,
  check: (config) => checkHttpHook(config, (texts) => loginFields.unknownIn(texts)),
  open: async (config) => {
    const method = new WebhookMethod(config, await readHeaders(config));
    return { method, close: () => method.close() };
  },
};
