import { z } from "zod";
import { LOG_LEVELS, type LogLevel } from "../log/logger.ts";
import { type SecretReference, secretReferenceSchema } from "./secret-reference.ts";
import { wholeNumber } from "./whole-number.ts";

export interface LogConfig {
  /** The least important event that is logged. Default: "info". */
  level: LogLevel;
  /** Text for people, JSON for log collectors. Default: text on a terminal. */
  format?: "text" | "json" | undefined;
  /**
   * Fields that are logged as a keyed hash: the same value has the same hash until the broker ends. Passwords and keys are never
   * logged. Default: [].
   */
  hide: (typeof HIDEABLE)[number][];
}

export interface AdminConfig {
  /**
   * Address of the admin API, of /metrics and of /health without the console, such as http://127.0.0.1:18085 for a scraper on this
   * machine. Default: false.
   */
  listen: string | false;
  /**
   * What operators may have examined from this machine beside its own listeners: HOST, HOST:PORT, or *.DOMAIN for names that lead
   * to public addresses. Default: [].
   */
  doctorTargets: string[];
}

export interface MetricsConfig {
  /** A bearer token that reads /metrics and nothing else, for a scraper. The operator key reads it too. */
  token?: SecretReference | undefined;
  /** Answer /metrics to everybody who reaches the address of `admin.listen` or of the console. Default: false. */
  open: boolean;
  /**
   * Tenants with a label of their own, those with most connections first; the others are one, tenant="_other". From 0 to 10000.
   * Default: 100.
   */
  maximumTenants: number;
  /** Seconds between two publications of the $SYS topics; 0 for none. From 0 to 86400. Default: 10. */
  sysInterval: number;
}

export interface ShutdownConfig {
  /**
   * Where clients are to go while this broker is away, such as other.example.com:8883. They are told 0x9C with it; without it 0x8B.
   */
  serverReference?: string | undefined;
}

/** What names a person or a machine in the log. */
const HIDEABLE = ["clientId", "owner", "username", "from", "topic"] as const;

/** @see LogConfig */
export const logSchema: z.ZodType<LogConfig, { [K in keyof LogConfig]?: LogConfig[K] | undefined }> = z.strictObject({
  level: z.enum(LOG_LEVELS).default("info").describe("The least important event that is logged."),
  format: z.enum(["text", "json"]).optional().describe("Text for people, JSON for log collectors. Default: text on a terminal."),
  hide: z
    .array(z.enum(HIDEABLE))
    .default([])
    .describe(
      "Fields that are logged as a keyed hash: the same value has the same hash until the broker ends. Passwords and keys are never logged.",
    ),
});

/** @see AdminConfig */
export const adminSchema: z.ZodType<AdminConfig, { [K in keyof AdminConfig]?: AdminConfig[K] | undefined }> = z.strictObject({
  listen: z
    .union([z.string(), z.literal(false)], { error: "must be an http:// or https:// address, or false" })
    .default(false)
    .describe(
      "Address of the admin API, of /metrics and of /health without the console, such as http://127.0.0.1:18085 for a scraper on this machine.",
    ),
  doctorTargets: z
    .array(z.string().regex(/^(\*\.)?[^\s/*@]+$/, { error: "must be HOST, HOST:PORT or *.DOMAIN" }))
    .default([])
    .describe(
      "What operators may have examined from this machine beside its own listeners: HOST, HOST:PORT, or *.DOMAIN for names that lead to public addresses.",
    ),
});

/** @see MetricsConfig */
export const metricsSchema: z.ZodType<MetricsConfig, { [K in keyof MetricsConfig]?: MetricsConfig[K] | undefined }> =
  z.strictObject({
    token: secretReferenceSchema
      .optional()
      .describe("A bearer token that reads /metrics and nothing else, for a scraper. The operator key reads it too."),
    open: z
      .boolean()
      .default(false)
      .describe("Answer /metrics to everybody who reaches the address of `admin.listen` or of the console."),
    maximumTenants: wholeNumber(0, 10_000)
      .default(100)
      .describe('Tenants with a label of their own, those with most connections first; the others are one, tenant="_other".'),
    sysInterval: wholeNumber(0, 86_400, "seconds")
      .default(10)
      .describe("Seconds between two publications of the $SYS topics; 0 for none."),
  });

/** @see ShutdownConfig */
export const shutdownSchema: z.ZodType<ShutdownConfig, { [K in keyof ShutdownConfig]?: ShutdownConfig[K] | undefined }> =
  z.strictObject({
    serverReference: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Where clients are to go while this broker is away, such as other.example.com:8883. They are told 0x9C with it; without it 0x8B.",
      ),
  });
