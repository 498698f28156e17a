import { z } from "zod";
import { type SecretReference, secretReferenceSchema } from "../../config/secret-reference.ts";

/** A program of the operator that is asked by HTTP, in the contract of EMQX's HTTP authentication. */
export interface WebhookConfig {
  kind: "webhook";
  url: string;
  method: "post" | "get";
  headers: Record<string, string | SecretReference>;
  body: Record<string, string>;
  encoding: "json" | "form";
  timeoutMs: number;
  maximumConcurrent: number;
  maximumQueued: number;
}

/** @see WebhookConfig */
export type WebhookInput = { kind: "webhook"; url: string } & {
  [K in Exclude<keyof WebhookConfig, "kind" | "url">]?: WebhookConfig[K] | undefined;
};

const whole = (from: number, to: number): z.ZodNumber => {
  const error = `must be a whole number from ${from} to ${to}`;
  return z.int({ error }).min(from, { error }).max(to, { error });
};

/** @see WebhookConfig */
export const webhookSchema: z.ZodType<WebhookConfig, WebhookInput> = z.strictObject({
  kind: z.literal("webhook").describe("A program of yours that is asked by HTTP, in EMQX's contract."),
  url: z.string().min(1).describe("Its https:// address (http:// on the loopback only)."),
  method: z.enum(["post", "get"]).default("post").describe("With get the fields of `body` are the query."),
  headers: z
    .record(z.string(), z.union([z.string(), secretReferenceSchema]))
    .default({})
    .describe("Headers of each request; a value may be a secret, {file: PATH} or {env: NAME}."),
  body: z
    .record(z.string(), z.string())
    .default({ clientid: "${clientid}", username: "${username}", password: "${password}" })
    .describe(
      "What is sent; `${clientid}`, `${username}`, `${password}`, `${peerhost}`, `${cert_common_name}`, `${cert_subject}` and `${cert_pem}` stand for the client's. A field that is one of these alone is left out when the client has none.",
    ),
  encoding: z.enum(["json", "form"]).default("json").describe("How the body of a post is written."),
  timeoutMs: whole(100, 60_000).default(5_000).describe("Ms for one answer; after that the client is refused."),
  maximumConcurrent: whole(1, 10_000).default(100).describe("Requests at once."),
  maximumQueued: whole(0, 100_000)
    .default(1_000)
    .describe("Clients that wait for their request; further ones are told that the server is busy."),
});
