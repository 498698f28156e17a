import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * A token that the app's server signs and its authorizer reads: who, and until when. An app has its own already; any that the authorizer can
 * check will do.
 *
 * @param {string} user Letters and digits.
 * @param {string} key
 */
export function signToken(user, key, expiresAt = Date.now() + 3_600_000) {
  const claims = Buffer.from(JSON.stringify({ user, expiresAt })).toString("base64url");
  return { token: `${claims}.${sign(claims, key)}`, expiresAt };
}

/**
 * @param {string} token
 * @param {string} key
 * @returns {string | undefined} The user, or undefined for a token that is not ours or has ended.
 */
export function readToken(token, key) {
  const [claims = "", signature = ""] = token.split(".");
  const given = Buffer.from(signature);
  const right = Buffer.from(sign(claims, key));
  if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
  const { user, expiresAt } = JSON.parse(Buffer.from(claims, "base64url").toString());
  return expiresAt > Date.now() ? user : undefined;
}

/**
 * @param {string} claims
 * @param {string} key
 */
function sign(claims, key) {
  return createHmac("sha256", key).update(claims).digest("base64url");
}
