import type { ErrorCode } from "../errors/catalogue.ts";
import { clockSkewOf } from "./certificate-rules.ts";
import { signatureFault } from "./aws-signature.ts";
import type { AttemptFacts } from "./facts.ts";
import { upgradeAnswer } from "./http-rules.ts";
import { steadyAge } from "./session-rules.ts";
import { hasEnded } from "./tcp-rules.ts";
import { isAwsIot } from "./target.ts";
import { alertInErrors } from "./tls-rules.ts";
import type { Finding, Rule } from "./verdict.ts";

// Limits of AWS IoT Core that a client can break without being told.
const packetBytesMax = 128 * 1024;
const answerWithinMs = 1000;

/** How the client proves itself to AWS IoT; each way has faults of its own. */
type Credential = "certificate" | "signature" | "authorizer" | "none";

function credentialOf(facts: AttemptFacts): Credential {
  const query = `${facts.target?.path ?? ""}&${facts.connect?.userName ?? ""}`;
  if (/[?&]X-Amz-(Algorithm|Signature)=/i.test(query)) return "signature";
  if (/[?&]x-amz-customauthorizer-name=/i.test(query)) return "authorizer";
  return facts.tls?.hasClientCertificate === true ? "certificate" : "none";
}

/** The endpoints from before 2018, whose root nobody trusts any more. */
export const isOldEndpoint = (facts: AttemptFacts): boolean => isAwsIot(facts) && !/-ats\.iot\./i.test(facts.target?.host ?? "");

const oldEndpoint: Rule = (facts) => {
  const isCertificate = /ISSUER_CERT|LEAF_SIGNATURE/.test(
    facts.tls?.authorizationError ?? facts.errors?.map((error) => error.code).join() ?? "",
  );
  return isOldEndpoint(facts) && isCertificate
    ? { code: "AWS_ENDPOINT", evidence: "the endpoint has no -ats in its name, and an old root" }
    : undefined;
};

const noServerName: Rule = (facts) =>
  facts.tls?.serverName === false ? { code: "AWS_SNI", evidence: "no server name was sent" } : undefined;

const refusedCertificate: Rule = (facts) => {
  const alert = facts.tls?.alert ?? alertInErrors(facts);
  const isAboutOurs = alert !== undefined && alert >= 42 && alert <= 49 && facts.tls?.hasClientCertificate === true;
  return isAboutOurs ? { code: "AWS_CERT_INACTIVE", evidence: `alert ${alert}` } : undefined;
};

const refusedUpgrade: Rule = (facts) => {
  const status = upgradeAnswer(facts)?.status;
  if (status !== 401 && status !== 403) return undefined;
  const evidence = `HTTP ${status}`;
  const credential = credentialOf(facts);
  if (credential === "authorizer") return authorizerRefused(facts, evidence);
  if (credential === "none") return { code: "AWS_AUTHORIZER_NAME", evidence: `${evidence}, and the URL names no authorizer` };
  const fault = signatureFault(facts);
  if (fault !== undefined) return { code: "AWS_SIGV4", evidence: `${evidence}, and ${fault}` };
  const skew = clockSkewOf(facts);
  return skew === undefined ? { code: "AWS_SIGV4", evidence } : { ...skew, candidates: ["CLOCK_SKEW", "AWS_SIGV4"] };
};

/** Why AWS refuses an upgrade, likeliest first, for those who are not told its status. */
export function awsRefusals(facts: AttemptFacts): readonly ErrorCode[] {
  const credential = credentialOf(facts);
  if (credential === "signature") {
    return clockSkewOf(facts) === undefined ? ["AWS_SIGV4", "CLOCK_SKEW"] : ["CLOCK_SKEW", "AWS_SIGV4"];
  }
  return credential === "authorizer" ? (authorizerRefused(facts, "").candidates ?? []) : ["AWS_AUTHORIZER_NAME"];
}

const closedBeforeConnack: Rule = (facts) => {
  const isWaiting = facts.milestone === "connect-sent" || facts.milestone === "secured" || facts.milestone === "upgraded";
  if (!isWaiting || !hasEnded(facts)) return undefined;
  const evidence = "closed after CONNECT";
  const offersNone = (facts.tls?.alpnOffered?.length ?? 0) === 0;
  if (facts.target?.scheme === "mqtts" && facts.target.port === 443 && offersNone)
    return { code: "AWS_ALPN", evidence: "port 443 without ALPN" };
  const credential = credentialOf(facts);
  if (credential === "authorizer") return authorizerRefused(facts, evidence);
  if (credential === "none" && facts.target?.scheme === "mqtts") {
    return {
      code: "AWS_AUTHORIZER_NAME",
      evidence,
      candidates: ["AWS_AUTHORIZER_NAME", "AWS_CERT_INACTIVE", "AWS_NO_CONNECT", "CONNACK_NONE"],
    };
  }
  const will: readonly ErrorCode[] = facts.connect?.hadWill === true ? ["AWS_WILL", "AWS_RETAIN"] : [];
  return {
    code: "AWS_NO_CONNECT",
    evidence,
    candidates: ["AWS_NO_CONNECT", "AWS_CERT_INACTIVE", ...will, "CONNACK_NONE"],
    hints: policyHint(facts),
  };
};

function authorizerRefused(facts: AttemptFacts, evidence: string): Finding {
  const userName = facts.connect?.userName ?? "";
  const isSigned = /[?&]x-amz-customauthorizer-signature=/i.test(`${facts.target?.path ?? ""}&${userName}`);
  // Whoever sends a signature has an authorizer that checks it, and it is the part that is most easily wrong.
  const likeliest: readonly ErrorCode[] = isSigned
    ? ["AWS_AUTHORIZER_SIG", "AWS_AUTHORIZER_LAMBDA"]
    : ["AWS_AUTHORIZER_LAMBDA", "AWS_AUTHORIZER_SIG"];
  const causes: readonly ErrorCode[] = [...likeliest, "AWS_NO_CONNECT"];
  if (userName !== "" && !/^[a-zA-Z0-9]{1,128}$/.test(userName)) {
    const hint = "Authorizers that return the user name as principalId refuse this one: leave the user name empty.";
    return { code: "AWS_PRINCIPAL_ID", evidence, candidates: ["AWS_PRINCIPAL_ID", ...causes], hints: [hint] };
  }
  return {
    code: isSigned ? "AWS_AUTHORIZER_SIG" : "AWS_AUTHORIZER_LAMBDA",
    evidence,
    candidates: [...causes, "AWS_PRINCIPAL_ID", "AWS_AUTHORIZER_NAME"],
    hints: policyHint(facts),
  };
}

/** AWS lets an authorizer's function take 5 s, and its first call takes about as long. */
const silentAuthorizer: Rule = (facts) => {
  const isWaiting = facts.milestone === "connect-sent" || (facts.milestone === "secured" && facts.target?.scheme === "wss");
  if (!isWaiting || facts.timedOut !== true || (facts.firstBytes?.length ?? 0) > 0) return undefined;
  if (!["authorizer", "none"].includes(credentialOf(facts))) return undefined;
  return { code: "SILENT", evidence: "no answer in time", candidates: ["AWS_AUTHORIZER_LAMBDA", "SILENT"] };
};

const policyHint = (facts: AttemptFacts): readonly string[] =>
  facts.connect?.clientIdentifier === undefined
    ? []
    : [`The policy must allow iot:Connect on client/${facts.connect.clientIdentifier}.`];

const closedOnOperation: Rule = (facts) => {
  const { session, disconnect, milestone } = facts;
  const isAnswer = disconnect?.reasonCode === 135 || (session?.msSinceLastSent ?? Infinity) <= answerWithinMs;
  if (milestone !== "accepted" || !isAnswer) return undefined;
  const evidence = `closed after ${session?.lastSent ?? "an operation"}`;
  if (session?.lastSent === "subscribe") {
    const causes: readonly ErrorCode[] =
      credentialOf(facts) === "authorizer"
        ? ["AWS_NO_SUB", "AWS_POLICY_DOC", "AWS_LIMITS", "CONNECTION_LOST"]
        : ["AWS_NO_SUB", "AWS_LIMITS", "CONNECTION_LOST"];
    return { code: "AWS_NO_SUB", evidence, candidates: causes };
  }
  if (session?.lastSent !== "publish") return undefined;
  const { qos, bytes = 0, retain } = session.lastPublish ?? {};
  if (qos === 2) return { code: "AWS_LIMITS", evidence: "QoS 2 is not supported" };
  if (bytes > packetBytesMax) return { code: "AWS_LIMITS", evidence: `${bytes} bytes are over 128 KiB` };
  return {
    code: "AWS_NO_PUB",
    evidence,
    candidates: retain === true ? ["AWS_RETAIN", "AWS_NO_PUB", "CONNECTION_LOST"] : ["AWS_NO_PUB", "AWS_LIMITS", "CONNECTION_LOST"],
  };
};

const takenOver: Rule = ({ disconnect }) =>
  disconnect?.reasonCode === 142 ? { code: "AWS_DUP", stage: "session", reasonCode: 142, evidence: "DISCONNECT 142" } : undefined;

const permissionEnded: Rule = (facts) => {
  const age = steadyAge(facts);
  if (age === undefined || age < 299_000 || facts.milestone !== "accepted") return undefined;
  const code: ErrorCode = credentialOf(facts) === "signature" ? "AWS_TTL" : "AWS_REFRESH";
  return { code, evidence: `cut after ${Math.round(age / 1000)} s, again and again`, candidates: [code, "MAXTIME"] };
};

const rules: readonly Rule[] = [
  takenOver,
  oldEndpoint,
  noServerName,
  refusedCertificate,
  refusedUpgrade,
  closedBeforeConnack,
  silentAuthorizer,
  closedOnOperation,
  permissionEnded,
];

/** AWS IoT Core closes where others answer, so that the same facts mean other things there. */
export const awsRules: readonly Rule[] = rules.map((rule) => (facts) => (isAwsIot(facts) ? rule(facts) : undefined));
