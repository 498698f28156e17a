import type { CommandLine } from "./command-line.ts";
import type { OptionSpec } from "./option-spec.ts";

/** Of every command about what a tenant has. */
export const TENANT_OPTION: Readonly<Record<"tenant", OptionSpec>> = {
  tenant: { type: "string", value: "NAME", help: "Of this tenant; default: the one called default, which always exists." },
};

/** The tenant that a command is about. */
export function tenantIn(line: CommandLine): string {
  return line.text("tenant") ?? "default";
}

/** Where the admin API has what belongs to a tenant. */
export function tenantPath(tenant: string): string {
  return tenant === "default" ? "/api/v1" : `/api/v1/tenants/${encodeURIComponent(tenant)}`;
}
