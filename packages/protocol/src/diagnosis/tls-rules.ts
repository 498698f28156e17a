import { type ErrorCode, errorInfo } from "../errors/catalogue.ts";
import { certificateRejected } from "./certificate-rules.ts";
import type { AttemptFacts } from "./facts.ts";
import { findError, textOf } from "./node-error.ts";
import { isReset } from "./tcp-rules.ts";
import { isTlsScheme, isWebSocketScheme } from "./target.ts";
import { alertCode, alertIn, alertName } from "./tls-alerts.ts";
import type { Finding, Rule } from "./verdict.ts";

const clientKey: Rule = (facts) => {
  const mismatch = findError(facts.errors, /KEY_VALUES_MISMATCH|key values mismatch/i);
  if (mismatch !== undefined) return { code: "MTLS_KEY_MISMATCH", evidence: mismatch.code ?? "key values mismatch" };
  const bad = findError(
    facts.errors,
    /ERR_OSSL_(UNSUPPORTED|BAD_DECRYPT|EVP_BAD_DECRYPT|CRYPTO_INTERRUPTED)|ERR_MISSING_PASSPHRASE|NO_START_LINE|DECODER routines|bad decrypt/i,
  );
  if (bad === undefined) return undefined;
  const needsPassphrase = /PASSPHRASE|BAD_DECRYPT|bad decrypt|INTERRUPTED/i.test(textOf(bad));
  return { code: "MTLS_KEY_BAD", evidence: needsPassphrase ? "the passphrase is missing or wrong" : "it is not a PEM key" };
};

/** What this side's own OpenSSL refuses, where the server sent no alert. */
const refusedHere: Rule = (facts) => {
  const weak = findError(facts.errors, /(EE|CA|DH)_KEY_TOO_SMALL|CA_MD_TOO_WEAK|(ee|ca|dh) key too small|ca md too weak/);
  if (weak !== undefined) return { code: "TLS_WEAK", evidence: weak.code ?? "too small" };
  const version = findError(facts.errors, /UNSUPPORTED_PROTOCOL|unsupported protocol|legacy sigalg|NO_PROTOCOLS_AVAILABLE/);
  if (version !== undefined) return { code: "TLS_VERSION", evidence: "this side refuses the server's version" };
  const cipher = findError(facts.errors, /NO_SHARED_CIPHER|no shared cipher|NO_CIPHERS_AVAILABLE|NO_SUITABLE/);
  return cipher === undefined ? undefined : { code: "TLS_CIPHER", evidence: cipher.code ?? "no shared cipher" };
};

const alerted: Rule = (facts) => {
  const alert = facts.tls?.alert ?? alertInErrors(facts);
  if (alert === undefined) return undefined;
  const evidence = `the server sent alert ${alert} (${alertName(alert)})`;
  if (alert === 40) return handshakeFailure(facts, evidence);
  if (alert === 112 && facts.tls?.serverName === false)
    return { code: "TLS_SNI", evidence: `${evidence}; no server name was sent` };
  // Without a certificate there is nothing but the client itself to refuse; our own broker says so to a banned address.
  if (alert === 49 && facts.tls?.hasClientCertificate === false) return { code: "BANNED", evidence };
  return { code: alertCode(alert), evidence };
};

/** The alert in the text of an error, wherever it surfaced. */
export function alertInErrors(facts: AttemptFacts): number | undefined {
  for (const error of facts.errors ?? []) {
    const alert = alertIn(textOf(error));
    if (alert !== undefined) return alert;
  }
  return undefined;
}

/** On TLS 1.2 a missing client certificate and a missing common cipher are one alert; the CertificateRequest tells them apart. */
function handshakeFailure(facts: AttemptFacts, evidence: string): Finding {
  const { wasCertificateRequested: wasRequested, hasClientCertificate } = facts.tls ?? {};
  if (wasRequested === true && hasClientCertificate !== true) return { code: "MTLS_REQUIRED_12", evidence };
  if (wasRequested === false || hasClientCertificate === true) return { code: "TLS_CIPHER", evidence };
  return { code: "TLS_CIPHER", evidence, candidates: ["TLS_CIPHER", "MTLS_REQUIRED_12", "TLS_SNI"] };
}

const notTls: Rule = (facts) => {
  const error = findError(facts.errors, /wrong.version.number|packet.length.too.long|ERR_SSL_HTTP_REQUEST|0A00010B/i);
  if (error === undefined) return undefined;
  const evidence = "the answer to the TLS hello is not TLS";
  return { code: facts.target?.scheme === "wss" ? "WSS_TO_WS" : "TLS_TO_HTTP", evidence };
};

const endedInHandshake: Rule = (facts) => {
  const isNamed = findError(facts.errors, /before secure TLS connection was established/) !== undefined;
  const isEnded = facts.milestone === "connected" && isTlsScheme(facts) && (facts.closedBy !== undefined || isReset(facts));
  if (!isNamed && !isEnded) return undefined;
  const plain: ErrorCode = isWebSocketScheme(facts) ? "WSS_TO_WS" : "TLS_TO_PLAIN";
  const evidence = "closed during the handshake";
  // Some servers refuse a client certificate without an alert.
  const certificate: ErrorCode = facts.tls?.hasClientCertificate === true ? "MTLS_UNKNOWN_CA" : "MTLS_REQUIRED_12";
  if (facts.tls?.serverName === false) {
    return {
      code: "TLS_SNI",
      evidence: `${evidence}; no server name was sent`,
      candidates: ["TLS_SNI", plain, "TCP_CLOSE_AT_ACCEPT"],
    };
  }
  const isPlainPort = facts.target?.port === 1883 || facts.target?.port === 8083;
  const code = isPlainPort ? plain : "TLS_CLOSED";
  const { wasAnswered } = facts.tls ?? {};
  // Whoever answered the hello speaks TLS; a certificate is asked for only in an answer.
  if (wasAnswered === true) return { code: "TLS_CLOSED", evidence, candidates: [certificate, "TLS_SNI"] };
  if (wasAnswered === undefined) return { code, evidence, candidates: [plain, "TLS_SNI", certificate, "TCP_CLOSE_AT_ACCEPT"] };
  const hints = [
    `If the port speaks without TLS, use ${isWebSocketScheme(facts) ? "ws" : "mqtt"}://.`,
    errorInfo("TLS_SNI").remedy,
  ];
  return { code, evidence: `${evidence}, without a word`, candidates: [plain, "TLS_SNI", "TCP_CLOSE_AT_ACCEPT"], hints };
};

const silentInHandshake: Rule = (facts) =>
  facts.timedOut === true && facts.milestone === "connected" && isTlsScheme(facts)
    ? {
        code: "SILENT",
        stage: "tls",
        evidence: "no answer to the TLS hello",
        hints: ["The port may speak another protocol, or stand behind a proxy without a target."],
      }
    : undefined;

const otherFailure: Rule = (facts) => {
  const error = findError(facts.errors, /\bEPROTO\b|ERR_SSL_|ERR_TLS_|SSL routines/);
  // OpenSSL's line must never reach a reader first: it stays in the cause.
  return error === undefined ? undefined : { code: "TLS_FAILED", evidence: error.code ?? "SSL error" };
};

/** Failures of the TLS handshake and of certificates on both sides. */
export const tlsRules: readonly Rule[] = [
  clientKey,
  refusedHere,
  certificateRejected,
  alerted,
  notTls,
  endedInHandshake,
  silentInHandshake,
  otherFailure,
];
