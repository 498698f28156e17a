/**
 * Texts of other programs end up in our messages, and they quote URLs and headers. What looks like a secret is masked before it is
 * kept, so that an error can be logged by whoever catches it.
 */

const mask = "[redacted]";

const secretName =
  /pass(word|wd|phrase)?$|secret|token|authorization|cookie|credential|signature|private|api-?key|^(auth|jwt|key|pwd)$/i;

/**
 * Masks user info in URLs, secret query parameters, JSON web tokens and PEM blocks. A peer may have written the text: each pattern looks
 * ahead before it tries, so that the time grows with the length alone.
 */
export function redactText(text: string): string {
  return text
    .replace(/:\/\/[^\s/?#]*@/g, `://${mask}@`)
    .replace(
      /([?&](?=[^?=&\s]*=)[^?=&\s]*(?:pass|pwd|token|secret|signature|credential|key|auth)[^?=&\s]*=)[^&\s]+/gi,
      keepAuthorizerName,
    )
    .replace(/(^|[^\w-])(?=[\w-]+\.[\w-]+\.)([\w-]*?)\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, `$1$2${mask}`)
    .replace(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${mask}`)
    .replace(/-----BEGIN [^-]+-----[\s\S]*?(-----END [^-]+-----|$)/g, mask);
}

/** The authorizer's name is the one such parameter that is no secret, and the most often misspelt one. */
function keepAuthorizerName(whole: string, head: string): string {
  return /customauthorizer-name=$/i.test(head) ? whole : head + mask;
}

/** A copy for a log: secret fields masked by their name, texts by their look, bytes told by their number only. */
export function redactDetails(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(details)) copy[name] = secretName.test(name) ? mask : redactValue(value);
  return copy;
}

function redactValue(value: unknown): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return value.map(redactValue);
  if (typeof value === "object" && value !== null) return redactDetails(value as Record<string, unknown>);
  return value;
}
