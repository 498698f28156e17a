import type { AttemptFacts } from "./facts.ts";

// AWS takes a time of signing that is this far ahead of its own.
const aheadMsMax = 5 * 60_000;
const needed = ["X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature"];
const services: ReadonlySet<string> = new Set(["iotdevicegateway", "iotdata"]);

type Query = ReadonlyMap<string, string>;

/**
 * What is wrong with the signature of a URL for AWS IoT that can be seen without its key: it is refused whatever the key is. Undefined
 * where nothing is, or where the URL is not signed. Says nothing of the credential but its region and service.
 */
export function signatureFault({ target, nowMs }: AttemptFacts): string | undefined {
  const query = queryOf(target?.path ?? "");
  if (!query.has("x-amz-algorithm") && !query.has("x-amz-signature")) return undefined;
  const missing = needed.find((name) => !query.has(name.toLowerCase()));
  if (missing !== undefined) return `the signed URL has no ${missing}`;
  return scopeFault(query, target?.host ?? "") ?? tokenFault(query) ?? timeFault(query, nowMs ?? 0);
}

function queryOf(path: string): Query {
  const [, words = ""] = /\?(.*)/s.exec(path) ?? [];
  const pairs = words.split("&").map((word) => /^([^=]*)=?(.*)$/s.exec(word) ?? []);
  return new Map(pairs.map(([, name = "", value = ""]) => [name.toLowerCase(), value.replaceAll(/%2f/gi, "/")]));
}

function scopeFault(query: Query, host: string): string | undefined {
  const [, , region = "", service = ""] = query.get("x-amz-credential")?.split("/") ?? [];
  const [, own = ""] = /\.iot\.([a-z0-9-]+)\.amazonaws/i.exec(host) ?? [];
  if (!services.has(service)) return `it is signed for the service ${service}, not for iotdevicegateway`;
  return region === own.toLowerCase() ? undefined : `it is signed for the region ${region}, and the endpoint is in ${own}`;
}

/** Of temporary credentials the token comes last, and is not signed: other services of AWS want it otherwise. */
function tokenFault(query: Query): string | undefined {
  const names = [...query.keys()];
  const at = names.indexOf("x-amz-security-token");
  if (at >= 0 && at < names.indexOf("x-amz-signature"))
    return "the session token stands before the signature, as if it were signed";
  const isTemporary = query.get("x-amz-credential")?.startsWith("ASIA") === true;
  return isTemporary && at < 0 ? "its credential is a temporary one, and there is no X-Amz-Security-Token" : undefined;
}

function timeFault(query: Query, nowMs: number): string | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get("x-amz-date") ?? "") ?? [];
  if (year === undefined) return "its X-Amz-Date is no time such as 20260131T235959Z";
  const signed = `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
  const signedMs = Date.parse(signed);
  if (signedMs > nowMs + aheadMsMax) return `it was signed at ${signed}, which is yet to come by this clock`;
  const seconds = Number(query.get("x-amz-expires") ?? Infinity);
  return signedMs + seconds * 1000 < nowMs ? `it was signed at ${signed} for ${seconds} s, which are over` : undefined;
}
