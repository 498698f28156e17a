import { createHmac, randomBytes } from "node:crypto";

type Fields = Record<string, unknown>;

/** Whatever else happens, these never reach a log: a fault of ours would have put them there. */
const SECRETS = /^(password|passphrase|token|secret|authorization|cookie|privateKey)$/i;

/**
 * Replaces secrets, and the values of the fields with these names by a keyed hash: in lists and groups too, and in the sentences of the
 * same line that have them, such as the reason of a refusal.
 */
export function hidingFields(names: readonly string[]): (fields: Fields) => Fields {
  // Of this process: nobody can try addresses out against the hashes afterwards.
  const key = randomBytes(32);
  const hash = (value: string): string => `#${createHmac("sha256", key).update(value).digest("hex").slice(0, 12)}`;
  return (fields) => {
    const hidden = new Map<string, string>();
    const shown = withoutFields(fields, (name, value) => {
      if (SECRETS.test(name)) return "[redacted]";
      if (!names.includes(name) || value === undefined || value === "") return undefined;
      const text = typeof value === "string" ? value : JSON.stringify(value);
      const hashed = hash(text);
      hidden.set(text, hashed);
      return hashed;
    });
    return hidden.size === 0 ? shown : (withoutTexts(shown, hidden) as Fields);
  };
}

/** `replace` answers what stands for a field, undefined where it stays. */
function withoutFields(fields: Fields, replace: (name: string, value: unknown) => string | undefined): Fields {
  const shown: Fields = {};
  for (const [name, value] of Object.entries(fields)) shown[name] = replace(name, value) ?? inside(value, replace);
  return shown;
}

function inside(value: unknown, replace: (name: string, value: unknown) => string | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => inside(item, replace));
  return isGroup(value) ? withoutFields(value, replace) : value;
}

function withoutTexts(value: unknown, hidden: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") return withoutText(value, hidden);
  if (Array.isArray(value)) return value.map((item) => withoutTexts(item, hidden));
  if (!isGroup(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutTexts(item, hidden)]));
}

/** Whole words of it alone: a Client Identifier may be one letter. */
function withoutText(text: string, hidden: ReadonlyMap<string, string>): string {
  let shown = text;
  for (const [value, hashed] of hidden) {
    if (!shown.includes(value)) continue;
    const literal = value.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
    shown = shown.replace(new RegExp(`(?<![\\w#])${literal}(?!\\w)`, "g"), hashed);
  }
  return shown;
}

/** A plain object; others, such as a Secret, know themselves how they are told. */
function isGroup(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
