import { isIP } from "node:net";
import { MqttError } from "@bowline/protocol";
import { z } from "zod";
import { DEFAULT_TENANT } from "./tenant.ts";

/** Where a tenant stands: its clients may come, may not come for now, or never again while its data goes. */
export type TenantState = "active" | "paused" | "deleting";

/** Certificates of a tenant's own, by absolute paths as the broker sees them. */
export interface TenantTlsFiles {
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly chain?: string | undefined;
  /** The authorities of its clients' certificates. */
  readonly clientCa?: string | undefined;
  readonly clientCertificate?: "optional" | "required" | undefined;
  readonly crl?: string | undefined;
}

/** What is kept of a tenant. The tenant `default` has no row: it always exists. */
export interface TenantSettings {
  readonly name: string;
  /** Names that lead to it, `NAME.<baseDomain>` among them; in lower case, a first label of `*` stands for any one label. */
  readonly hosts: readonly string[];
  readonly state: TenantState;
  /** Wall time in ms. */
  readonly createdAt: number;
  /** What it may have; without one the configuration's `tenants.plan`. */
  readonly plan?: string | undefined;
  readonly tls?: TenantTlsFiles | undefined;
}

/** The same with the tenant `default`, of which nobody knows since when it is there. */
export type ShownTenant = Omit<TenantSettings, "createdAt"> & { readonly createdAt?: number | undefined };

/** What somebody says who makes one. */
export interface TenantInput {
  readonly name: string;
  /** Beside `NAME.<baseDomain>`. */
  readonly hosts?: readonly string[] | undefined;
  readonly plan?: string | undefined;
  readonly tls?: TenantTlsFiles | undefined;
}

/** One label of a host name, since it becomes one. */
export const TENANT_NAME: RegExp = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const HOST = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const HOSTS_MAX = 20;

const host = z
  .string()
  .toLowerCase()
  .max(253)
  .regex(HOST, "must be a host name such as mqtt.example.com or *.example.com")
  .refine((name) => isIP(name) === 0, "must be a name: clients send no address as server name");
const file = z.string().startsWith("/", "must be an absolute path");

const tlsFiles: z.ZodType<TenantTlsFiles> = z
  .strictObject({
    certificate: file.optional(),
    key: file.optional(),
    chain: file.optional(),
    clientCa: file.optional(),
    clientCertificate: z.enum(["optional", "required"]).optional(),
    crl: file.optional(),
  })
  .refine((tls) => (tls.certificate === undefined) === (tls.key === undefined), "needs both certificate and key, or neither")
  .refine(
    (tls) => tls.clientCa !== undefined || (tls.crl === undefined && tls.clientCertificate === undefined),
    "needs clientCa where crl or clientCertificate is given",
  );

/** A new tenant from outside. */
const tenantInput: z.ZodType<TenantInput> = z.strictObject({
  name: z
    .string()
    .regex(TENANT_NAME, "must have 1 to 63 of the characters a-z, 0-9 and -, the dash inside only")
    .refine((name) => name !== DEFAULT_TENANT, "belongs to the tenant that always exists"),
  hosts: z.array(host).max(HOSTS_MAX).optional(),
  plan: z.string().min(1).max(63).optional(),
  tls: tlsFiles.optional(),
});

const storedTenant: z.ZodType<Omit<TenantSettings, "name">> = z.object({
  hosts: z.array(z.string()),
  state: z.enum(["active", "paused", "deleting"]),
  createdAt: z.number(),
  plan: z.string().optional(),
  tls: tlsFiles.optional(),
});

/** @throws MqttError STORE_DAMAGED */
export function parseStoredTenant(name: string, text: string): TenantSettings {
  try {
    return { name, ...storedTenant.parse(JSON.parse(text)) };
  } catch (cause) {
    throw new MqttError("STORE_DAMAGED", { detail: `the tenant "${name}" cannot be read`, cause });
  }
}

/** @throws MqttError OPTION_INVALID, whose detail names what is wrong */
export function parseTenantInput(value: unknown): TenantInput {
  const result = tenantInput.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join(".") || "the tenant"}: ${message}`);
  throw new MqttError("OPTION_INVALID", { detail: faults.join("; ") });
}
