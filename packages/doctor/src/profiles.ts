import { type AttemptFacts, closestName } from "@bowline/protocol/internal";
import type { Findings } from "./findings.ts";
import { awsIot } from "./profiles/aws-iot.ts";
import { azureEventGrid, azureIotHub } from "./profiles/azure.ts";
import { adafruitIo, emqxServerless, googleIotCore, hiveMqCloud, shiftrIo } from "./profiles/cloud-brokers.ts";
import type { Given, Profile } from "./profiles/profile.ts";

const profiles: readonly Profile[] = [
  awsIot,
  emqxServerless,
  hiveMqCloud,
  azureIotHub,
  azureEventGrid,
  adafruitIo,
  shiftrIo,
  googleIotCore,
];

/**
 * Warns where a provider known by its host name does not offer what is asked for.
 *
 * @param client what the client is to say; without it only the place is looked at
 */
export function findInProfile(findings: Findings, facts: AttemptFacts, client?: Given["client"]): void {
  const { scheme = "", host = "", port = 0, path = "" } = facts.target ?? {};
  const profile = profileOf(host);
  if (profile === undefined) return;
  const { name, ways, advice, path: ownPath, check } = profile;
  if (!ways.includes(`${scheme}:${port}`)) {
    findings.note("PORT_SCHEME_ODD", "warn", `${name} does not take ${scheme} on port ${port}`, facts, [advice]);
  } else if (scheme === "wss" && ownPath !== undefined && path.replace(/\?.*/s, "") !== ownPath) {
    findings.note("WS_404", "warn", `${name} has its WebSocket at ${ownPath}`, facts, [advice]);
  }
  if (client === undefined || check === undefined) return;
  const given = { target: facts.target ?? {}, client, nowMs: facts.nowMs ?? Date.now() };
  for (const { code, observed } of check(given)) findings.note(code, "warn", observed, facts, [advice]);
}

/** What to know of the provider when it refuses, or undefined for a host of no profile. */
export function adviceFor(host: string): string | undefined {
  return profileOf(host)?.advice;
}

/** The ends of providers' names that people type. */
const ends = ["amazonaws.com", "emqxsl.com", "emqxcloud.com", "hivemq.cloud", "azure-devices.net", "adafruit.com", "shiftr.io"];

/** A name that nobody knows may be a provider's with a letter wrong. */
export function meantHost(host: string): string | undefined {
  const [, begin = "", end = ""] = /^(.*\.)([^.]+\.[^.]+)$/.exec(host) ?? [];
  const meant = end === "" || ends.includes(end) ? undefined : closestName(end, ends);
  return meant === undefined ? undefined : begin + meant;
}

/** The name of the provider that a host belongs to. */
export function providerOf(host: string): string | undefined {
  return profileOf(host)?.name;
}

const profileOf = (host: string): Profile | undefined => profiles.find(({ hosts }) => hosts.test(host));
