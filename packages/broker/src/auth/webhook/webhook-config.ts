import { z } from "zod";
import { type HttpHookConfig, type HttpHookInput, httpHookShape } from "./http-hook-config.ts";

/** A program of the operator that is asked by HTTP, in the contract of EMQX's HTTP authentication. */
export type WebhookConfig = { kind: "webhook" } & HttpHookConfig;

/** @see WebhookConfig */
export type WebhookInput = { kind: "webhook" } & HttpHookInput;

const BODY = { clientid: "${clientid}", username: "${username}", password: "${password}", tenant: "${tenant}" };

/** @see WebhookConfig */
export const webhookSchema: z.ZodType<WebhookConfig, WebhookInput> = z.strictObject({
  kind: z.literal("webhook").describe("A program of yours that is asked by HTTP, in EMQX's contract."),
  ...httpHookShape(
    BODY,
    "`${clientid}`, `${username}`, `${password}`, `${tenant}`, `${peerhost}`, `${cert_common_name}`, `${cert_subject}` and `${cert_pem}`",
  ),
});
