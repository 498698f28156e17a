import { promises as dns } from "node:dns";
import { isIP } from "node:net";
import { type DnsFacts, type ErrorFacts, errorFactsOf, isProviderName } from "@bowline/protocol/internal";
import type { Resolver } from "../options.ts";
import { orLate } from "./or-late.ts";

/** P1: where the name leads. */
export interface LookUp {
  readonly dns: DnsFacts;
  readonly errors: readonly ErrorFacts[];
  readonly timedOut: boolean;
  readonly ms: number;
}

/** This machine's resolver, hosts file included. */
export const systemResolver: Resolver = {
  lookup: async (host) => (await dns.lookup(host, { all: true, verbatim: true })).map(({ address }) => address),
  resolveCname: async (host) => (await dns.resolveCname(host))[0],
};

export async function lookUp(host: string, resolver: Resolver, ms: number): Promise<LookUp> {
  const startedAt = performance.now();
  const done = (more: Partial<LookUp>): LookUp => ({
    dns: {},
    errors: [],
    timedOut: false,
    ms: performance.now() - startedAt,
    ...more,
  });
  if (isIP(host.replace(/%.*$/, "")) !== 0) return done({ dns: { addresses: [host] } });
  try {
    // The alias matters only where a certificate does not fit, so that it is given little time and may fail.
    const alias = orLate(resolver.resolveCname(host), Math.min(ms, aliasMs)).catch(() => undefined);
    const addresses = await orLate(resolver.lookup(host), ms);
    if (addresses === undefined) return done({ timedOut: true });
    const cname = isLocalName(host) ? undefined : await alias;
    const isPublic = isProviderName(host) ? { expectedPublic: true } : {};
    return done({ dns: { addresses, ...(cname === undefined ? {} : { cname }), ...isPublic } });
  } catch (error) {
    return done({ errors: errorFactsOf(error) });
  }
}

const aliasMs = 500;
const isLocalName = (host: string): boolean => host === "localhost" || host.endsWith(".localhost");
