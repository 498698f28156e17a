import { z } from "zod";
import { type AuthorizationConfig, type AuthorizationInput, authorizersSchema } from "../acl/authorization-kinds.ts";
import { type AuthenticatorConfig, type AuthenticatorInput, authenticatorsSchema } from "../auth/authenticator-kinds.ts";
import type { Durability } from "../storage/storage.ts";
import { type BootstrapConfig, bootstrapSchema } from "./bootstrap-schema.ts";
import { type EventsConfig, eventsSchema } from "../events/events-schema.ts";
import { type LimitsConfig, limitsSchema } from "./limits-schema.ts";
import { addressRanges, hostNames, type ListenerConfig, type ListenerInput, listenerSchema } from "./listener-schema.ts";
import {
  type AdminConfig,
  adminSchema,
  type LogConfig,
  logSchema,
  type MetricsConfig,
  metricsSchema,
  type ShutdownConfig,
  shutdownSchema,
} from "./operations-schema.ts";
import { type StorageConfig, storageSchema } from "./storage-schema.ts";
import { type Preset, PRESETS } from "./preset.ts";
import { type TenantsConfig, type TenantsInput, tenantsSchema } from "./tenants-schema.ts";
import { type TlsConfig, type TlsInput, tlsSchema } from "./tls-schema.ts";

/** What a broker is told at start, complete and checked. The configuration file has the same keys, each of them optional. */
export interface BrokerConfig {
  /** serverless: TLS alone, server names required, nobody anonymous, and the plan of the same name, as with EMQX Serverless. */
  preset?: Preset | undefined;
  /**
   * aws-iot: AWS IoT Core's limits, where `limits` says nothing else, and its deviations from MQTT, to find out here what would
   * fail there.
   */
  profile?: "aws-iot" | undefined;
  /**
   * Folder of the store, the local CA and the admin socket. Relative to the configuration file, or to where the command runs.
   * Default: "./.bowline".
   */
  data: string;
  /** Keep sessions, messages and users in memory only; they are gone when the broker ends. Default: false. */
  memory: boolean;
  /**
   * Acknowledge after the flush to disk, or after the commit alone: then a power cut can lose the last moments. Default: "durable".
   */
  durability: Durability;
  /** What to do with a damaged store. Salvaging drops what cannot be read, so it is never done unasked. Default: "refuse". */
  onDamage: "refuse" | "salvage";
  /** How large the store may be. */
  storage: StorageConfig;
  /**
   * Listeners by URL: mqtt, mqtts, ws, wss or unix. TLS on the loopback is the default, so nothing is open to a network unasked.
   * Default: ["mqtts://localhost:8883","wss://localhost:8084/mqtt"].
   */
  listen: ListenerConfig[];
  /** Address of the web console, which also answers /mqtt and the admin API; false for none. Default: "https://localhost:18084". */
  console: string | false;
  /** The admin API beside the socket in the data folder, which is always there. */
  admin: AdminConfig;
  /** Who is asked about a client's credentials, in this order, until one knows it. Default: the users of the store. */
  authentication: AuthenticatorConfig[];
  /** Who is asked what clients may do, in this order, before the access rules of the store. Default: nobody. */
  authorization: AuthorizationConfig[];
  /** Let in clients that show no credentials. Default: false. */
  anonymous: boolean;
  /**
   * What a client of 3.1.1 meets that publishes at QoS 1 or 2 where it may not: its version cannot be told so. close ends the
   * connection, acknowledge drops the message as mosquitto and EMQX do, and nobody hears of it but the metrics. Default: "close".
   */
  deniedPublish: "close" | "acknowledge";
  /**
   * Messages in the tenant `default` carry who sent them, in the User Property bowline-principal; a client's own property of that
   * name is taken off. Default: false.
   */
  senderStamp: boolean;
  /** Allow mqtt:// and ws:// listeners that other machines can reach; passwords cross the network readable. Default: false. */
  allowPlaintext: boolean;
  /**
   * Host names of the tenant `default` beside those of its certificate, such as those that a proxy in front is asked for; a first
   * label of `*` stands for any one. Default: [].
   */
  hosts: string[];
  /**
   * Expect a PROXY header (version 1 or 2) on every connection of every TCP listener, from trusted proxies only. Default: false.
   */
  proxyProtocol: boolean;
  /**
   * Addresses (CIDR) whose PROXY and X-Forwarded-For headers are believed, by listeners that expect them. Default:
   * ["127.0.0.0/8","::1/128"].
   */
  trustedProxies: string[];
  /** Certificates and the TLS handshake. */
  tls: TlsConfig;
  /** The tenants beside `default`. */
  tenants: TenantsConfig;
  /** What each client may do and cost; MQTT 5 clients are told. */
  limits: LimitsConfig;
  /** The log on standard error. */
  log: LogConfig;
  /** Prometheus metrics and the $SYS topics. */
  metrics: MetricsConfig;
  /** What the broker publishes about its clients. */
  events: EventsConfig;
  /** What clients are told when the broker ends. */
  shutdown: ShutdownConfig;
  /** What an empty store begins with; a store that holds users is left alone. */
  bootstrap: BootstrapConfig;
  /** Reload the configuration when its files change, as SIGHUP does. Default: false. */
  watch: boolean;
}

/** The keys that hold further keys: command line and file are merged inside of them. */
export const GROUPS = [
  "storage",
  "admin",
  "tls",
  "tenants",
  "limits",
  "log",
  "metrics",
  "events",
  "shutdown",
  "bootstrap",
] as const;
type Group = (typeof GROUPS)[number];

/** What a file or the command line may say: any part of it. Undefined is not said. */
export type BrokerConfigInput = Optional<Omit<BrokerConfig, Group | keyof OwnInputs>> &
  OptionalGroups<Omit<Pick<BrokerConfig, Group>, keyof OwnInputs>> &
  OwnInputs;

/** The keys that are written otherwise than they are kept. */
export interface OwnInputs {
  /** Certificates and the TLS handshake. */
  tls?: TlsInput | undefined;
  /** The tenants beside `default`. */
  tenants?: TenantsInput | undefined;
  /**
   * Listeners by URL: mqtt, mqtts, ws, wss or unix. TLS on the loopback is the default, so nothing is open to a network unasked.
   * Default: ["mqtts://localhost:8883","wss://localhost:8084/mqtt"].
   */
  listen?: ListenerInput[] | undefined;
  /** Who is asked about a client's credentials, in this order, until one knows it. Default: the users of the store. */
  authentication?: AuthenticatorInput[] | undefined;
  /** Who is asked what clients may do, in this order, before the access rules of the store. Default: nobody. */
  authorization?: AuthorizationInput[] | undefined;
  $schema?: string | undefined;
}

// Mapped over `keyof` alone: so each key keeps its words, which editors show.
type Optional<T> = { [K in keyof T]?: T[K] | undefined };
type OptionalGroups<T> = { [K in keyof T]?: Optional<T[K]> | undefined };

/** As the schema answers it: listeners may still be plain URLs. */
export type CheckedConfig = Omit<BrokerConfig, "listen"> & { listen: ListenerInput[]; $schema?: string | undefined };

/** The one place of all defaults; each description says why where that is not plain. */
export const brokerConfigSchema: z.ZodType<CheckedConfig, BrokerConfigInput> = z.strictObject({
  $schema: z.string().optional().describe("Address of this schema, for editors."),
  preset: z
    .enum(PRESETS)
    .optional()
    .describe(
      "serverless: TLS alone, server names required, nobody anonymous, and the plan of the same name, as with EMQX Serverless.",
    ),
  profile: z
    .enum(["aws-iot"])
    .optional()
    .describe(
      "aws-iot: AWS IoT Core's limits, where `limits` says nothing else, and its deviations from MQTT, to find out here what would fail there.",
    ),
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
  storage: storageSchema.prefault({}).describe("How large the store may be."),
  listen: z
    .array(listenerSchema)
    .min(1, { error: "needs at least one listener" })
    .default(["mqtts://localhost:8883", "wss://localhost:8084/mqtt"])
    .describe(
      "Listeners by URL: mqtt, mqtts, ws, wss or unix. TLS on the loopback is the default, so nothing is open to a network unasked.",
    ),
  console: z
    .union([z.string(), z.literal(false)], { error: "must be the console's https:// address, or false" })
    .default("https://localhost:18084")
    .describe("Address of the web console, which also answers /mqtt and the admin API; false for none."),
  admin: adminSchema.prefault({}).describe("The admin API beside the socket in the data folder, which is always there."),
  authentication: authenticatorsSchema
    .default([{ kind: "password" }])
    .describe("Who is asked about a client's credentials, in this order, until one knows it. Default: the users of the store."),
  authorization: authorizersSchema
    .default([])
    .describe("Who is asked what clients may do, in this order, before the access rules of the store. Default: nobody."),
  anonymous: z.boolean().default(false).describe("Let in clients that show no credentials."),
  deniedPublish: z
    .enum(["close", "acknowledge"])
    .default("close")
    .describe(
      "What a client of 3.1.1 meets that publishes at QoS 1 or 2 where it may not: its version cannot be told so. close ends the connection, acknowledge drops the message as mosquitto and EMQX do, and nobody hears of it but the metrics.",
    ),
  senderStamp: z
    .boolean()
    .default(false)
    .describe(
      "Messages in the tenant `default` carry who sent them, in the User Property bowline-principal; a client's own property of that name is taken off.",
    ),
  allowPlaintext: z
    .boolean()
    .default(false)
    .describe("Allow mqtt:// and ws:// listeners that other machines can reach; passwords cross the network readable."),
  hosts: hostNames
    .default([])
    .describe(
      "Host names of the tenant `default` beside those of its certificate, such as those that a proxy in front is asked for; a first label of `*` stands for any one.",
    ),
  proxyProtocol: z
    .boolean()
    .default(false)
    .describe("Expect a PROXY header (version 1 or 2) on every connection of every TCP listener, from trusted proxies only."),
  trustedProxies: addressRanges
    .default(["127.0.0.0/8", "::1/128"])
    .describe("Addresses (CIDR) whose PROXY and X-Forwarded-For headers are believed, by listeners that expect them."),
  tenants: tenantsSchema.prefault({}).describe("The tenants beside `default`."),
  tls: tlsSchema.prefault({}).describe("Certificates and the TLS handshake."),
  limits: limitsSchema.prefault({}).describe("What each client may do and cost; MQTT 5 clients are told."),
  log: logSchema.prefault({}).describe("The log on standard error."),
  metrics: metricsSchema.prefault({}).describe("Prometheus metrics and the $SYS topics."),
  events: eventsSchema.prefault({}).describe("What the broker publishes about its clients."),
  shutdown: shutdownSchema.prefault({}).describe("What clients are told when the broker ends."),
  bootstrap: bootstrapSchema.prefault({}).describe("What an empty store begins with; a store that holds users is left alone."),
  watch: z.boolean().default(false).describe("Reload the configuration when its files change, as SIGHUP does."),
});

/**
 * The configuration file's JSON Schema, for editors.
 *
 * @param ofProgram With what only a program can say: functions.
 */
export function brokerConfigJsonSchema(ofProgram = false): object {
  const schema = z.toJSONSchema(brokerConfigSchema, {
    io: "input",
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      if (!ofProgram && jsonSchema.anyOf !== undefined) jsonSchema.anyOf = jsonSchema.anyOf.filter((form) => !isFunction(form));
    },
  });
  return { title: "Bowline broker configuration", ...schema };
}

function isFunction({ properties }: z.core.JSONSchema.BaseSchema): boolean {
  const kind = properties?.["kind"];
  return typeof kind === "object" && kind.const === "function";
}
