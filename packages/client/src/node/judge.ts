import { promises as dns } from "node:dns";
import { isIP } from "node:net";
import {
  type AttemptFacts,
  diagnose,
  isProviderName,
  type OutboundEntry,
  type SessionFacts,
  tokenExpiry,
  type Verdict,
} from "@bowline/protocol/internal";
import { type AttemptContext, factsOf } from "../attempt-facts.ts";
import { type Judgement, judgementOf } from "../judgement.ts";
import type { ConnectionEnd } from "../network-connection.ts";
import type { Target } from "../transport/transport.ts";
import { isLocalhost } from "./localhost-lookup.ts";

/** An alias is asked for only when a certificate does not fit; each resolver of the system has that long to tell it. */
const ALIAS_WITHIN_MS = 250;

/** Says what went wrong, with what a process can know beside its sockets. */
export function judge(end: ConnectionEnd, context: AttemptContext): Judgement | Promise<Judgement> {
  giveWords(end.cause);
  const facts = allFacts(end, context);
  const verdict = withKeyAdvice(diagnose(facts), context.target);
  if (verdict.code !== "TLS_SAN" || !isInDns(context.target)) return judgementOf(end, verdict, context);
  return withAlias(facts, verdict).then((better) => judgementOf(end, better, context));
}

/** No alert says that it is about a shared key: servers have several for a wrong one, and another for an identity they do not know. */
function withKeyAdvice(verdict: Verdict, { tls }: Target): Verdict {
  if (tls.psk === undefined || verdict.stage !== "tls") return verdict;
  const advice = "Check identity and key of `psk`, and that the server takes shared keys.";
  return { ...verdict, hints: [advice, ...verdict.hints] };
}

/** Node joins the failures of several addresses in one error without a message, which programs print all the same. */
function giveWords(cause: unknown): void {
  if (cause instanceof AggregateError && cause.message === "")
    cause.message = cause.errors.map((each: unknown) => (each instanceof Error ? each.message : String(each))).join(", ");
}

function allFacts(end: ConnectionEnd, context: AttemptContext): AttemptFacts {
  const { target, connect } = context;
  const facts = factsOf(end, context);
  const expires = connect.password === undefined ? undefined : tokenExpiry(Buffer.from(connect.password).toString("latin1"));
  const hadOrigin = Object.keys(target.headers).some((name) => name.toLowerCase() === "origin");
  return {
    ...facts,
    ...(facts.target === undefined ? {} : { target: { ...facts.target, host: writtenHost(target) } }),
    ...(facts.dns !== undefined && isProviderName(target.host) ? { dns: { ...facts.dns, expectedPublic: true } } : {}),
    ...(facts.http !== undefined && hadOrigin ? { http: { ...facts.http, hadOrigin } } : {}),
    ...(facts.session === undefined ? {} : { session: { ...facts.session, ...lastAsked(context) } }),
    ...(expires === undefined ? {} : { connect: { ...facts.connect, tokenExpiresMs: expires } }),
  };
}

/**
 * What was asked last and not answered, where the whole connection was so short that its end may be the answer: servers of 3.1.1, and
 * AWS IoT Core in any version, refuse so. Of a connection that has lasted nothing is said, since most of its ends are the network's.
 */
function lastAsked({ msToFail, unanswered }: AttemptContext): Partial<SessionFacts> {
  if (unanswered === undefined) return {};
  const { registry, outbox } = unanswered;
  if (registry.isAsking) return { lastSent: "subscribe", msSinceLastSent: msToFail };
  let last: OutboundEntry | undefined;
  outbox.session.inFlight.forEach((_id, _state, entry) => {
    if (entry?.sent === true && entry.sequence >= (last?.sequence ?? 0)) last = entry;
  });
  if (last === undefined) return {};
  const { qos, retain, message } = last;
  const bytes = message?.payload.length ?? 0;
  return { lastSent: "publish", msSinceLastSent: msToFail, lastPublish: { qos, retain, bytes } };
}

/** Of a URL in a place for hosts, as in `mqtt://wss://host`, the first word was taken for the host. */
function writtenHost({ host, path }: Target): string {
  return path.startsWith("//") && /^(mqtts?|wss?|tcp|ssl|tls|https?)$/i.test(host) ? `${host}:${path}` : host;
}

/** Whether the name was asked for where `dns` asks: not of an application's own resolver, nor by a proxy. */
function isInDns({ host, proxy, socket, hostOptions }: Target): boolean {
  return isIP(host) === 0 && proxy === undefined && (socket?.lookup ?? hostOptions?.["lookup"]) === undefined && !isLocalhost(host);
}

/** A certificate that is for the name behind the name: brokers that know their tenants by name allow no alias. */
async function withAlias(facts: AttemptFacts, verdict: Verdict): Promise<Verdict> {
  const resolver = new dns.Resolver({ timeout: ALIAS_WITHIN_MS, tries: 1 });
  const [cname] = await resolver.resolveCname(facts.target?.host ?? "").catch(() => []);
  return cname === undefined ? verdict : diagnose({ ...facts, dns: { ...facts.dns, cname } });
}
