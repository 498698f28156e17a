import { redactDetails, redactText } from "@bowline/protocol/internal";
import type { BrokerConfig } from "../config/broker-config.ts";

/**
 * The configuration as operators are shown it. A secret has a reference in its place; what was written there itself, as a program may,
 * is masked where its name or its look tells that it is one.
 */
export function shownConfig(config: BrokerConfig): object {
  const named = Object.entries(config.tenants.named).map(([name, own]) => [name, withShownLinks(own)]);
  return { ...withShownLinks(config), tenants: { ...config.tenants, named: Object.fromEntries(named) as unknown } };
}

function withShownLinks<T extends { authentication?: readonly object[] | undefined; authorization: readonly object[] }>(
  chains: T,
): T {
  const { authentication, authorization } = chains;
  return { ...chains, authentication: authentication?.map(shownLink), authorization: authorization.map(shownLink) };
}

const GROUPS: ReadonlySet<string> = new Set(["headers", "body", "environment"]);

function shownLink(link: object): object {
  return Object.fromEntries(
    Object.entries(link).map(([key, value]: [string, unknown]) => {
      if (GROUPS.has(key)) return [key, shownTexts(value as Record<string, unknown>)];
      return [key, typeof value === "string" ? redactText(value) : value];
    }),
  );
}

/** A reference is told as it stands, and so is what a client's own words fill in. */
function shownTexts(texts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(texts)) {
    const isTold = typeof value !== "string" || value.includes("${");
    shown[name] = isTold ? value : redactDetails({ [name]: value })[name];
  }
  return shown;
}
