import type { ErrorCode } from "../errors/catalogue.ts";
import { addressClass } from "./address-class.ts";
import type { AttemptFacts, ErrorFacts } from "./facts.ts";
import { findError } from "./node-error.ts";
import { isTlsScheme, isWebSocketScheme } from "./target.ts";
import type { Finding, Rule } from "./verdict.ts";

const addressOf = (error: ErrorFacts | undefined): string =>
  error?.address === undefined ? "" : ` at ${error.address}${error.port === undefined ? "" : `:${error.port}`}`;

/** Node's pattern for its address race: a timeout for each address but the last, within a second. */
const gaveUpEarly: Rule = (facts) => {
  const timeouts = facts.errors?.filter((error) => error.code === "ETIMEDOUT" && error.address !== undefined) ?? [];
  const isRace =
    facts.healedBy?.includes("single-address") === true || (timeouts.length > 0 && (facts.msToFail ?? Infinity) < 2000);
  if (!isRace) return undefined;
  return {
    code: "TCP_HE_250",
    evidence: `${timeouts.length} addresses given up within ${facts.msToFail ?? 250} ms`,
    hints: ["In Node: net.setDefaultAutoSelectFamilyAttemptTimeout(2500)."],
  };
};

/** A socket that nobody holds, or a path where none is. */
const noSocket: Rule = ({ target, errors }) => {
  const error = target?.scheme === "unix" ? findError(errors, /\b(ECONNREFUSED|ENOENT|ENOTDIR)\b/) : undefined;
  if (error === undefined) return undefined;
  const isThere = error.code === "ECONNREFUSED";
  return {
    code: "TCP_REFUSED",
    evidence: isThere ? `nobody holds the socket${addressOf(error)}` : `there is no socket${addressOf(error)}`,
  };
};

const refused: Rule = (facts) => {
  const error = findError(facts.errors, /\bECONNREFUSED\b|ERR_CONNECTION_REFUSED/);
  if (error === undefined) return undefined;
  const hints: string[] = [];
  if (facts.target?.host === "localhost") hints.push("localhost may be ::1 or 127.0.0.1: try each.");
  if (facts.otherPortAnswers === true) hints.push("Another port of the host answers: correct the port.");
  hints.push("mosquitto 2 and newer listens on the loopback only without a configuration; a container needs its port published.");
  // A firewall that lets nothing out but through its proxy may refuse in the server's place.
  const mayBeProxy = wantsProxy(facts) && !isLocal(facts.target?.host ?? "localhost");
  const doubt: Partial<Finding> = mayBeProxy ? { candidates: ["TCP_REFUSED", "PROXY_ENV"] } : {};
  return { code: "TCP_REFUSED", evidence: `refused${addressOf(error)}`, hints, ...doubt };
};

/** A proxy is configured, and nobody has tried it. */
const wantsProxy = (facts: AttemptFacts): boolean => facts.hasProxyEnvironment === true && facts.healedBy === undefined;

const isLocal = (host: string): boolean => /(^|\.)localhost$/i.test(host) || addressClass(host) === "loopback";

const unreachable: Rule = (facts) => {
  const error = findError(facts.errors, /\b(ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL|ENETDOWN|EHOSTDOWN)\b|ERR_ADDRESS_UNREACHABLE/);
  if (error !== undefined) return { code: "TCP_UNREACH", evidence: `${error.code ?? "unreachable"}${addressOf(error)}` };
  const zoneless = /^\[?fe80:[^%]*$/i.test(facts.target?.host ?? "") && findError(facts.errors, /\bEINVAL\b/) !== undefined;
  return zoneless ? { code: "TCP_UNREACH", evidence: "a link-local address needs its zone, as in fe80::1%eth0" } : undefined;
};

const localLimits: Rule = (facts) => {
  const forbidden = findError(facts.errors, /\b(EACCES|EPERM)\b/);
  if (forbidden !== undefined) return { code: "TCP_EACCES", evidence: `${forbidden.code ?? "forbidden"}${addressOf(forbidden)}` };
  const full = findError(facts.errors, /\b(EMFILE|ENFILE)\b/);
  return full === undefined ? undefined : { code: "TCP_EMFILE", evidence: full.code ?? "EMFILE" };
};

const noAnswer: Rule = (facts) => {
  const isTimeout = facts.timedOut === true && facts.milestone === "resolved";
  const error = findError(facts.errors, /\bconnect ETIMEDOUT\b|ERR_CONNECTION_TIMED_OUT/) ?? connectTimeout(facts.errors);
  if (!isTimeout && error === undefined) return undefined;
  const code: ErrorCode = facts.healedBy?.includes("proxy") === true ? "PROXY_ENV" : "TCP_TIMEOUT";
  const hints = facts.otherPortAnswers === true ? ["Another port of the host answers, so a filter drops this one."] : [];
  if (wantsProxy(facts)) {
    return { code, evidence: "no answer, and a proxy is configured", candidates: ["TCP_TIMEOUT", "PROXY_ENV"], hints };
  }
  return { code, evidence: `no answer${addressOf(error)}`, hints };
};

const connectTimeout = (errors: readonly ErrorFacts[] | undefined): ErrorFacts | undefined =>
  errors?.find((error) => error.code === "ETIMEDOUT" && error.syscall === "connect");

const endedAtAccept: Rule = (facts) => {
  const isBeforeOurs = facts.milestone === "connected" && facts.spokeFirst !== true && facts.firstBytes === undefined;
  const reset = findError(facts.errors, /\bconnect ECONNRESET\b/);
  if (reset !== undefined) return { code: "TCP_RESET_AT_ACCEPT", evidence: "reset while connecting" };
  // With TLS or HTTP our bytes leave at once, so an early end there has more explanations; their rules know them.
  if (!isBeforeOurs || isTlsScheme(facts) || isWebSocketScheme(facts)) return undefined;
  if (facts.closedBy === "fin") return { code: "TCP_CLOSE_AT_ACCEPT", evidence: "closed before any byte of ours" };
  return isReset(facts) ? { code: "TCP_RESET_AT_ACCEPT", evidence: "reset before any byte of ours" } : undefined;
};

/** Whether the peer, or what lies between, reset the connection. */
export function isReset(facts: AttemptFacts): boolean {
  return facts.closedBy === "reset" || findError(facts.errors, /\b(ECONNRESET|EPIPE|ECONNABORTED)\b|socket hang up/) !== undefined;
}

/** Whether the peer ended the connection, in whichever way. */
export function hasEnded(facts: AttemptFacts): boolean {
  return facts.closedBy !== undefined || facts.ws?.closeCode !== undefined || isReset(facts);
}

/**
 * Failures of reaching the port. Where a name has several addresses the attempt that came furthest tells the most: one that was taken
 * and ended before one that was refused, that before one without an answer, and last those that never left this machine.
 */
export const tcpRules: readonly Rule[] = [endedAtAccept, gaveUpEarly, noSocket, refused, noAnswer, unreachable, localLimits];
