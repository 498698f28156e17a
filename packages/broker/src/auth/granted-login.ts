import { claimedRules } from "../acl/claims.ts";
import { type AuthAllowed, type AuthRefused, AuthReasonCode, type AuthRequest, refuse } from "./authenticator.ts";

/** What an outside authority, a token or a webhook, says of somebody it vouches for. Nothing of it has been checked yet. */
export interface Grant {
  /** Who it is; empty for somebody without a name. */
  owner: unknown;
  /** Rules in one of EMQX's two forms; undefined for none. */
  acl?: unknown;
  isSuperuser?: unknown;
  /** Values of `${client_attrs.NAME}`. */
  attributes?: unknown;
  /** Wall time in ms. */
  expiresAt?: number | undefined;
}

/** As of users of the store. */
const OWNER_BYTES_MAX = 256;

/**
 * Lets somebody in with what was granted, or refuses when any part of that cannot be understood: a rule, or a limit, left out could be
 * one that denies.
 */
export function grantedLogin(grant: Grant, request: AuthRequest): AuthAllowed | AuthRefused {
  const { owner, acl, isSuperuser = false, attributes, expiresAt } = grant;
  const fault = ownerFault(owner) ?? superuserFault(isSuperuser) ?? attributesFault(attributes);
  if (fault !== undefined) return refuse(AuthReasonCode.BadUserNameOrPassword, fault);
  const name = owner as string;
  const { tenant, clientIdentifier, remoteAddress } = request;
  try {
    const sources = acl === undefined ? undefined : [claimedRules(acl, { tenant, owner: name, clientIdentifier }, remoteAddress)];
    return {
      allowed: true,
      owner: name,
      ...(expiresAt === undefined ? {} : { expiresAt }),
      access: { sources, isSuperuser: isSuperuser as boolean, attributes: attributes as Record<string, string> | undefined },
    };
  } catch (cause) {
    return {
      ...refuse(AuthReasonCode.BadUserNameOrPassword, `the granted rules cannot be understood: ${(cause as Error).message}`),
    };
  }
}

/** What keeps a name from outside from being an owner: it is part of keys and topics. */
export function ownerFault(owner: unknown): string | undefined {
  if (typeof owner !== "string") return "no owner is named";
  if (Buffer.byteLength(owner) > OWNER_BYTES_MAX) return `the owner's name has more than ${OWNER_BYTES_MAX} bytes`;
  if (/[\p{Cc}\p{Cs}]/u.test(owner)) return "the owner's name contains control characters";
  if (owner.startsWith("$")) return "names that begin with $ belong to the broker";
  return undefined;
}

function superuserFault(isSuperuser: unknown): string | undefined {
  return typeof isSuperuser === "boolean" ? undefined : "is_superuser is neither true nor false";
}

function attributesFault(attributes: unknown): string | undefined {
  if (attributes === undefined) return undefined;
  const isGood =
    typeof attributes === "object" && attributes !== null && Object.values(attributes).every((value) => typeof value === "string");
  return isGood && !Array.isArray(attributes) ? undefined : "client_attrs is no group of texts";
}
