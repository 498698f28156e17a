import { errorInfo } from "../errors/catalogue.ts";
import type { AttemptFacts, ProxyFacts } from "./facts.ts";
import { findError, textOf } from "./node-error.ts";
import { tlsRules } from "./tls-rules.ts";
import { type Finding, firstFinding, type Rule } from "./verdict.ts";

/** What SOCKS calls the reasons why it cannot reach the server; all others are its own refusal. */
const unreachableReasons = /\b(Failure|NetworkUnreachable|HostUnreachable|ConnectionRefused|TTLExpired)\b/;
const socksRefused = /rejected connection( - \(?(\w+))?/i;
const socksAuth = /Authentication failed|accepted authentication type|unknown authentication type|RejectedIdent/i;
const otherProtocol = /HPE_|Parse Error|Received invalid Socks|Invalid response|ERR_SSL_|EPROTO/i;

/** A configured proxy that did not let the attempt through. Once it does, the others' rules hold as without it. */
const notThrough: Rule = (facts) => {
  const { proxy } = facts;
  if (proxy === undefined || proxy.progress === "through") return undefined;
  const name = `${proxy.kind}://${proxy.host}:${proxy.port}`;
  if (proxy.status !== undefined) return byStatus(proxy, name);
  return proxy.progress === "dialling" ? notReached(facts, name) : unanswered(facts, name);
};

function byStatus({ status = 0, reason = "" }: ProxyFacts, name: string): Finding {
  const evidence = `${name} answers ${status}${reason === "" ? "" : ` ${reason}`}`;
  if (status === 407 || status === 401) return { code: "PROXY_AUTH", evidence };
  if (status === 404 || status >= 500) return { code: "PROXY_TARGET", evidence };
  return { code: status >= 400 ? "PROXY_REFUSED" : "PROXY_PROTOCOL", evidence };
}

function notReached(facts: AttemptFacts, name: string): Finding {
  const { proxy } = facts;
  const error = facts.errors?.[0];
  const words = error === undefined ? "no answer" : (error.code ?? error.message ?? "failed");
  if (proxy?.kind === "https") {
    const { tls: _, ...rest } = facts;
    const inner = firstFinding(tlsRules, { ...rest, target: { scheme: "mqtts", host: proxy.host, port: proxy.port } });
    if (inner !== undefined)
      return { code: "PROXY_TLS", evidence: `${name}: ${inner.code}`, hints: [errorInfo(inner.code).remedy] };
  }
  return { code: facts.timedOut === true ? "PROXY_TIMEOUT" : "PROXY_UNREACHABLE", evidence: `${name}: ${words}` };
}

function unanswered(facts: AttemptFacts, name: string): Finding | undefined {
  const { errors } = facts;
  // The name of the server was to be found on this side of the proxy, which the rules of DNS explain.
  if (findError(errors, /\bENOTFOUND\b|\bEAI_|\bESERVFAIL\b/) !== undefined) return undefined;
  const refused = findError(errors, socksRefused);
  if (findError(errors, socksAuth) !== undefined) return { code: "PROXY_AUTH", evidence: `${name} refuses the credentials` };
  if (refused !== undefined) {
    const [, , reason = "no reason given"] = socksRefused.exec(textOf(refused)) ?? [];
    const evidence = `${name}: ${reason}`;
    // "Failed" of SOCKS 4 and "Failure" of SOCKS 5 may be either.
    if (reason === "Failed") return { code: "PROXY_TARGET", evidence, candidates: ["PROXY_TARGET", "PROXY_REFUSED"] };
    return { code: unreachableReasons.test(reason) ? "PROXY_TARGET" : "PROXY_REFUSED", evidence };
  }
  const strange = findError(errors, otherProtocol);
  if (strange !== undefined)
    return { code: "PROXY_PROTOCOL", evidence: `${name}: ${strange.code ?? "its answer is of another kind"}` };
  const isLate = facts.timedOut === true || findError(errors, /Proxy connection timed out/) !== undefined;
  return { code: isLate ? "PROXY_TIMEOUT" : "PROXY_CLOSED", evidence: `${name} gave no answer` };
}

export const proxyRules: readonly Rule[] = [notThrough];
