import { z } from "zod";
import { LOG_LEVELS, type LogLevel } from "../log/logger.ts";
import { type LimitsConfig, limitsSchema } from "./limits-schema.ts";
import type { Durability } from "../storage/storage.ts";

/** What a broker is told at start, complete and checked. The configuration file has the same keys, each of them optional. */
export interface BrokerConfig {
  data: string;
  memory: boolean;
  durability: Durability;
  onDamage: "refuse" | "salvage";
  listen: string[];
  /** The console's address, or false for no console. */
  console: string | false;
  anonymous: boolean;
  allowPlaintext: boolean;
  proxyProtocol: boolean;
  trustedProxies: string[];
  tls: { certificate?: string | undefined; key?: string | undefined; requireSni: boolean };
  limits: LimitsConfig;
  log: { level: LogLevel; format?: "text" | "json" | undefined };
}

/** What a file or the command line may say: any part of it. Undefined is not said. */
export type BrokerConfigInput = {
  [K in keyof BrokerConfig]?: (K extends "tls" | "limits" | "log" ? Optional<BrokerConfig[K]> : BrokerConfig[K]) | undefined;
};
type Optional<T> = { [K in keyof T]?: T[K] | undefined };

const tls = z
  .strictObject({
    certificate: z
      .string()
      .optional()
      .describe(
        "PEM file with the server's certificate chain for names of the default tenant. Without it the local CA issues one.",
      ),
    key: z.string().optional().describe("PEM file with the private key of that certificate."),
    requireSni: z
      .boolean()
      .default(false)
      .describe("Refuse TLS clients that name no host. Off, since clients on one machine often connect by address."),
  })
  .refine((value) => (value.certificate === undefined) === (value.key === undefined), {
    error: "needs both certificate and key, or neither",
  });

const log = z.strictObject({
  level: z.enum(LOG_LEVELS).default("info").describe("The least important event that is logged."),
  format: z.enum(["text", "json"]).optional().describe("Text for people, JSON for log collectors. Default: text on a terminal."),
});

/** The one place of all defaults; each description says why where that is not plain. */
export const brokerConfigSchema: z.ZodType<BrokerConfig, BrokerConfigInput> = z.strictObject({
  data: z
    .string()
    .min(1, { error: "must not be empty" })
    .default("./.bowline")
    .describe(
      "Folder of the store, the local CA and the admin socket. Relative to the configuration file, or to where the command runs.",
    ),
  memory: z
    .boolean()
    .default(false)
    .describe("Keep sessions, messages and users in memory only; they are gone when the broker ends."),
  durability: z
    .enum(["durable", "relaxed"])
    .default("durable")
    .describe("Acknowledge after the flush to disk, or after the commit alone: then a power cut can lose the last moments."),
  onDamage: z
    .enum(["refuse", "salvage"])
    .default("refuse")
    .describe("What to do with a damaged store. Salvaging drops what cannot be read, so it is never done unasked."),
  listen: z
    .array(z.string())
    .min(1, { error: "needs at least one listener" })
    .default(["mqtts://localhost:8883", "wss://localhost:8084/mqtt"])
    .describe(
      "Listeners by URL: mqtt, mqtts, ws, wss or unix. TLS on the loopback is the default, so nothing is open to a network unasked.",
    ),
  console: z
    .union([z.string(), z.literal(false)], { error: "must be the console's https:// address, or false" })
    .default("https://localhost:18084")
    .describe("Address of the web console, which also answers /mqtt and the admin API; false for none."),
  anonymous: z.boolean().default(false).describe("Let in clients that show no credentials."),
  allowPlaintext: z
    .boolean()
    .default(false)
    .describe("Allow mqtt:// and ws:// listeners that other machines can reach; passwords cross the network readable."),
  proxyProtocol: z
    .boolean()
    .default(false)
    .describe("Expect a PROXY header (version 1 or 2) on every connection of every TCP listener, from trusted proxies only."),
  trustedProxies: z
    .array(z.string())
    .default(["127.0.0.0/8", "::1/128"])
    .describe("Addresses (CIDR) whose PROXY and X-Forwarded headers are believed."),
  tls: tls.prefault({}).describe("Certificates and the TLS handshake."),
  limits: limitsSchema.prefault({}).describe("What each client may do and cost; MQTT 5 clients are told."),
  log: log.prefault({}).describe("The log on standard error."),
});

/** The configuration file's JSON Schema, for editors. */
export function brokerConfigJsonSchema(): object {
  const schema = z.toJSONSchema(brokerConfigSchema, { io: "input" });
  return { title: "Bowline broker configuration", ...schema };
}
