import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { MqttError } from "@bowline/protocol";
import { z } from "zod";
import { Secret } from "../log/secret.ts";
import type { Storage, StoredRule } from "../storage/storage.ts";

/** `full` may change things, `read` may only look. */
export type KeyAccess = "full" | "read";

/** A key as it is shown: everything but its secret, which nobody has. */
export interface KeySummary {
  /** The AppID: what stands before the colon. */
  readonly id: string;
  /** The tenant that it is for; undefined for the operator's. */
  readonly tenant?: string | undefined;
  readonly access: KeyAccess;
  /** What it is for, in the words of whoever made it. */
  readonly name: string;
  /** Wall time in ms. */
  readonly createdAt: number;
  readonly expiresAt?: number | undefined;
}

/** With the secret, the one time that it is shown. */
export interface IssuedKey {
  readonly key: KeySummary;
  readonly secret: Secret;
}

export interface KeyInput {
  readonly tenant?: string | undefined;
  readonly access: KeyAccess;
  readonly name: string;
  readonly expiresAt?: number | undefined;
}

/** Stands beside the rules of its tenant; no rule can have such a name. */
const ROW = "$key:";
/** Where those of the operator stand. No tenant can have that name. */
const OPERATOR = "$operator";
const KEYS_MAX = 1_000;
/** So long a secret may go on that was replaced. */
const OVERLAP_SECONDS_MAX = 7 * 86_400;

const storedKey = z.object({
  access: z.enum(["full", "read"]),
  name: z.string(),
  createdAt: z.number(),
  expiresAt: z.number().optional(),
  hash: z.string(),
  previous: z.object({ hash: z.string(), until: z.number() }).optional(),
});
type StoredKey = z.infer<typeof storedKey>;

interface KnownKey {
  readonly tenant: string | undefined;
  readonly row: StoredKey;
}

/**
 * Keys to the admin API: AppID and AppSecret, as EMQX has them. A secret is 256 random bits, so that its SHA-256 is all that need be kept,
 * and looking a key up tells nothing by its time.
 */
export class ApiKeys {
  /** After a key was removed or has another secret. */
  onChange: () => void = () => {};
  readonly #storage: Storage;
  readonly #wallTime: () => number;
  readonly #keys = new Map<string, KnownKey>();

  constructor(storage: Storage, wallTime: () => number = Date.now) {
    this.#storage = storage;
    this.#wallTime = wallTime;
  }

  /** @throws MqttError STORE_DAMAGED */
  begin(rows: readonly StoredRule[]): void {
    for (const { tenant, id, rule } of rows) {
      if (!id.startsWith(ROW)) continue;
      const row = parsed(id, rule);
      this.#keys.set(id.slice(ROW.length), { tenant: tenant === OPERATOR ? undefined : tenant, row });
    }
  }

  /** Of all tenants and of the operator, the oldest first. */
  list(): KeySummary[] {
    return [...this.#keys].map(([id, key]) => summary(id, key)).sort((a, b) => a.createdAt - b.createdAt);
  }

  /** @throws MqttError OPTION_INVALID, STORE_READ_ONLY and the like */
  async create({ tenant, access, name, expiresAt }: KeyInput): Promise<IssuedKey> {
    if (this.#keys.size >= KEYS_MAX)
      throw new MqttError("OPTION_INVALID", { detail: `there can be no more than ${KEYS_MAX} keys` });
    const id = randomBytes(8).toString("hex");
    const secret = newSecret();
    const row: StoredKey = { access, name, createdAt: this.#wallTime(), hash: hashOf(secret.reveal()) };
    await this.#keep(id, { tenant, row: expiresAt === undefined ? row : { ...row, expiresAt } });
    return { key: summary(id, this.#keys.get(id)!), secret };
  }

  /**
   * Another secret in place of the one it has, which goes on for so many seconds, so that programs can be given the new one meanwhile.
   *
   * @throws MqttError KEY_UNKNOWN, OPTION_INVALID, STORE_READ_ONLY and the like
   */
  async rotate(id: string, overlapSeconds: number): Promise<IssuedKey> {
    if (!(overlapSeconds >= 0 && overlapSeconds <= OVERLAP_SECONDS_MAX))
      throw new MqttError("OPTION_INVALID", { detail: `overlapSeconds is from 0 to ${OVERLAP_SECONDS_MAX}` });
    const { tenant, row } = this.#get(id);
    const secret = newSecret();
    const { previous: _gone, ...rest } = row;
    const next: StoredKey = { ...rest, hash: hashOf(secret.reveal()) };
    const until = this.#wallTime() + overlapSeconds * 1_000;
    const previous = overlapSeconds === 0 ? {} : { previous: { hash: row.hash, until } };
    await this.#keep(id, { tenant, row: { ...next, ...previous } });
    this.onChange();
    return { key: summary(id, this.#keys.get(id)!), secret };
  }

  /** @throws MqttError KEY_UNKNOWN, STORE_READ_ONLY and the like */
  async remove(id: string): Promise<void> {
    const { tenant } = this.#get(id);
    this.#storage.deleteRule(tenant ?? OPERATOR, ROW + id);
    this.#keys.delete(id);
    this.onChange();
    await this.#storage.flush();
  }

  /** The key, when the secret is one that it has now. */
  verify(id: string, secret: string): KeySummary | undefined {
    return this.#verifyHash(id, hashOf(secret));
  }

  /** Whether that secret still is one, for whoever was let in by it and must not keep it. */
  backing(id: string, secret: string): () => boolean {
    const hash = hashOf(secret);
    return () => this.#verifyHash(id, hash) !== undefined;
  }

  #verifyHash(id: string, candidate: string): KeySummary | undefined {
    const known = this.#keys.get(id);
    const { hash, previous, expiresAt } = known?.row ?? NOBODY;
    const now = this.#wallTime();
    const isCurrent = isSame(hash, candidate);
    const isPrevious = previous !== undefined && previous.until > now && isSame(previous.hash, candidate);
    if (known === undefined || (!isCurrent && !isPrevious)) return undefined;
    return expiresAt !== undefined && expiresAt <= now ? undefined : summary(id, known);
  }

  /** The tenant goes: forgets its keys; answers how many. */
  drop(tenant: string): number {
    const gone = [...this.#keys].filter(([, key]) => key.tenant === tenant);
    for (const [id] of gone) {
      this.#storage.deleteRule(tenant, ROW + id);
      this.#keys.delete(id);
    }
    return gone.length;
  }

  #get(id: string): KnownKey {
    const known = this.#keys.get(id);
    if (known === undefined) throw new MqttError("KEY_UNKNOWN", { detail: `"${id}"` });
    return known;
  }

  async #keep(id: string, key: KnownKey): Promise<void> {
    this.#storage.putRule({ tenant: key.tenant ?? OPERATOR, id: ROW + id, order: -1, rule: JSON.stringify(key.row) });
    this.#keys.set(id, key);
    await this.#storage.flush();
  }
}

/** Whom an unknown AppID is compared with. */
const NOBODY: Pick<StoredKey, "hash" | "previous" | "expiresAt"> = { hash: hashOf(randomBytes(32).toString("hex")) };

function summary(id: string, { tenant, row }: KnownKey): KeySummary {
  const { access, name, createdAt, expiresAt } = row;
  return {
    id,
    access,
    name,
    createdAt,
    ...(tenant === undefined ? {} : { tenant }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

function newSecret(): Secret {
  return new Secret(randomBytes(32).toString("base64url"));
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("base64");
}

function isSame(hash: string, candidate: string): boolean {
  const [ours, theirs] = [Buffer.from(hash, "base64"), Buffer.from(candidate, "base64")];
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}

function parsed(id: string, text: string): StoredKey {
  try {
    return storedKey.parse(JSON.parse(text));
  } catch (cause) {
    throw new MqttError("STORE_DAMAGED", { detail: `the key "${id}" cannot be read`, cause });
  }
}
