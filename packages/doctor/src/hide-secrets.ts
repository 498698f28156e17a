import type { DoctorOptions } from "./options.ts";
import { readTarget } from "./read-target.ts";

/** Below this length a text stands everywhere by chance, and would be cut out of words. */
const secretMin = 6;
const mask = "[redacted]";

/** All that a run was told and nobody else is to read: passwords, tokens, headers, keys, what the query says. */
export function secretsOf(url: string, options: DoctorOptions): readonly string[] {
  const { username: given, clientId = "", topic = "", password, passphrase, key, headers = {}, authentication, will } = options;
  const { target, ...fromUrl } = readTarget(url);
  const username = given ?? fromUrl.username ?? "";
  const query = [...new URLSearchParams(/\?(.*)/s.exec(url)?.[1] ?? "")];
  const texts = [
    // Where it is a part of what must be told, it is no secret.
    [clientId, topic, target?.host ?? ""].some((told) => told.includes(username)) ? undefined : username,
    password,
    passphrase,
    fromUrl.password,
    ...Object.entries(headers).flatMap(([name, value]) => (/^(host|origin|user-agent)$/i.test(name) ? [] : value.split(" "))),
    ...query.flatMap(([name, value]) => (/customauthorizer-name$/i.test(name) ? [] : [value])),
    ...(key?.split("\n").filter((line) => !line.startsWith("-----")) ?? []),
    ...[authentication?.data, will?.payload].map((bytes) => bytes && new TextDecoder().decode(bytes)),
  ].filter((text) => text !== undefined && text.length >= secretMin);
  // Longer ones first: what is left of one must not be all but a shorter one that it begins with.
  return texts.flatMap((text = "") => [text, inQuery(text), toBase64(text)]).sort((a, b) => b.length - a.length);
}

/** By its bytes: half a surrogate pair cannot stand in a query. */
const inQuery = (text: string): string => encodeURIComponent(new TextDecoder().decode(new TextEncoder().encode(text)));

const toBase64 = (text: string): string =>
  btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));

/** Fields that hold words of ours alone. */
const ours: ReadonlySet<string> = new Set(
  "type id severity stage status retry docs oneOf milestone scheme runtime progress kind protocol closedBy what provider".split(
    " ",
  ),
);

/** A copy without those texts, whoever has said them: a server may repeat what it was told. */
export function hideSecrets<Value>(value: Value, secrets: readonly string[]): Value {
  if (secrets.length === 0) return value;
  if (typeof value === "string") return hideIn(value, secrets) as Value;
  if (value instanceof Uint8Array) return hideInBytes(value, secrets) as Value;
  if (Array.isArray(value)) return value.map((one: unknown) => hideSecrets(one, secrets)) as Value;
  if (typeof value !== "object" || value === null) return value;
  const hidden = Object.entries(value).map(([name, one]) => [
    name,
    ours.has(name) ? (one as unknown) : hideSecrets(one as unknown, secrets),
  ]);
  return Object.fromEntries(hidden) as Value;
}

function hideIn(text: string, secrets: readonly string[]): string {
  return secrets.reduce((hidden, secret) => hidden.replaceAll(secret, mask), text);
}

function hideInBytes(bytes: Uint8Array, secrets: readonly string[]): Uint8Array {
  const hidden = hideIn(String.fromCharCode(...bytes), secrets);
  return Uint8Array.from(hidden, (letter) => letter.charCodeAt(0));
}
