import { MqttError } from "@bowline/protocol";
import { z } from "zod";
import { ADDRESS_RANGE, AddressRanges, isAddressRange } from "../acl/address-ranges.ts";
import type { Storage, StoredRule } from "../storage/storage.ts";
import { BannedAddresses } from "./banned-addresses.ts";

/** What is banned: a user (the owner that an authenticator names), a Client Identifier, or addresses such as `10.0.0.0/8`. */
export type BanKind = "user" | "client" | "address";

/** Somebody who may not come in. */
export interface Ban {
  readonly kind: BanKind;
  readonly value: string;
  /** Wall time in ms when it ends; without it, when an operator lifts it. */
  readonly until?: number | undefined;
  /** For operators; the client is not told. */
  readonly reason?: string | undefined;
}

/** Whom a ban is compared with. */
export interface BanCandidate {
  readonly tenant: string;
  /** Undefined before authentication. */
  readonly owner: string | undefined;
  readonly clientIdentifier: string;
  readonly remoteAddress: string;
}

/** Its rows stand beside the rules of a tenant; no rule can have such a name. */
const ROW = "$ban:";
/** Of one tenant; each range of addresses is compared with every CONNECT. */
const BANS_MAX = 10_000;
const VALUE_MAX = 256;

/** A ban from outside. */
export const banSchema: z.ZodType<Ban> = z
  .strictObject({
    kind: z.enum(["user", "client", "address"]),
    value: z.string().min(1).max(VALUE_MAX),
    until: z.number().positive().optional(),
    reason: z.string().max(VALUE_MAX).optional(),
  })
  .refine(({ kind, value }) => kind !== "address" || isAddressRange(value), {
    path: ["value"],
    error: ADDRESS_RANGE,
  });

interface KnownBan {
  readonly ban: Ban;
  readonly ranges: AddressRanges | undefined;
}

/** Who may not come in, of all tenants: in memory for deciding, in the storage for keeping. */
export class BanList {
  readonly #storage: Storage;
  readonly #wallTime: () => number;
  readonly #tenants = new Map<string, Map<string, KnownBan>>();
  /** Made when somebody asks, thrown away when a ban comes or goes. */
  readonly #addresses = new Map<string, BannedAddresses>();

  constructor(storage: Storage, wallTime: () => number = Date.now) {
    this.#storage = storage;
    this.#wallTime = wallTime;
  }

  /** @throws MqttError STORE_DAMAGED: a ban left out would let somebody in */
  begin(rows: readonly StoredRule[]): void {
    for (const row of rows.filter(({ id }) => id.startsWith(ROW))) this.#of(row.tenant).set(row.id, known(storedBan(row)));
  }

  /** Those in force. */
  list(tenant: string): Ban[] {
    return [...this.#of(tenant).values()].map(({ ban }) => ban).filter((ban) => this.#isInForce(ban));
  }

  /**
   * In force when the call returns, kept when it resolves. One of the same kind and value is replaced.
   *
   * @throws MqttError OPTION_INVALID, STORE_READ_ONLY and the like
   */
  async add(tenant: string, input: Ban): Promise<void> {
    const parsed = banSchema.safeParse(input);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new MqttError("OPTION_INVALID", { detail: `${issue?.path.join(".")}: ${issue?.message}` });
    }
    const bans = this.#of(tenant);
    this.#forgetEnded(tenant);
    const id = rowId(parsed.data);
    if (bans.size >= BANS_MAX && !bans.has(id))
      throw new MqttError("OPTION_INVALID", { detail: `there can be no more than ${BANS_MAX} bans` });
    this.#storage.putRule({ tenant, id, order: -1, rule: JSON.stringify(parsed.data) });
    bans.set(id, known(parsed.data));
    this.#addresses.delete(tenant);
    await this.#storage.flush();
  }

  /** Answers false when there was none. */
  async lift(tenant: string, ban: Pick<Ban, "kind" | "value">): Promise<boolean> {
    const id = rowId(ban);
    if (!this.#of(tenant).has(id)) return false;
    this.#storage.deleteRule(tenant, id);
    this.#of(tenant).delete(id);
    this.#addresses.delete(tenant);
    await this.#storage.flush();
    return true;
  }

  /** The tenant goes: forgets so many of its bans; answers how many. */
  drop(tenant: string, maximum: number): number {
    const bans = this.#of(tenant);
    const gone = [...bans.keys()].slice(0, maximum);
    for (const id of gone) {
      this.#storage.deleteRule(tenant, id);
      bans.delete(id);
    }
    this.#addresses.delete(tenant);
    if (gone.length === 0) this.#tenants.delete(tenant);
    return gone.length;
  }

  /** The ban in force that concerns somebody. */
  find(candidate: BanCandidate): Ban | undefined {
    const bans = this.#tenants.get(candidate.tenant);
    if (bans === undefined || bans.size === 0) return undefined;
    for (const each of bans.values()) if (concerns(each, candidate) && this.#isInForce(each.ban)) return each.ban;
    return undefined;
  }

  /** Whether nobody of that address may come to the tenant. Costs next to nothing, however many bans there are. */
  isBannedAddress(tenant: string, remoteAddress: string): boolean {
    const bans = this.#tenants.get(tenant);
    if (bans === undefined || bans.size === 0) return false;
    let addresses = this.#addresses.get(tenant);
    if (addresses === undefined) {
      const values = [...bans.values()].filter(({ ranges }) => ranges !== undefined).map(({ ban }) => ban.value);
      this.#addresses.set(tenant, (addresses = new BannedAddresses(values)));
    }
    // Whether it has ended is asked of the few that are on the list.
    return (
      addresses.has(remoteAddress) && this.find({ tenant, owner: undefined, clientIdentifier: "", remoteAddress }) !== undefined
    );
  }

  #of(tenant: string): Map<string, KnownBan> {
    let bans = this.#tenants.get(tenant);
    if (bans === undefined) this.#tenants.set(tenant, (bans = new Map<string, KnownBan>()));
    return bans;
  }

  #isInForce({ until }: Ban): boolean {
    return until === undefined || until > this.#wallTime();
  }

  #forgetEnded(tenant: string): void {
    for (const [id, { ban }] of this.#of(tenant)) {
      if (this.#isInForce(ban)) continue;
      this.#storage.deleteRule(tenant, id);
      this.#of(tenant).delete(id);
    }
  }
}

/** Whether a ban is about somebody, in force or not. */
export function isAbout(ban: Ban, candidate: BanCandidate): boolean {
  return concerns(known(ban), candidate);
}

function concerns({ ban, ranges }: KnownBan, { owner, clientIdentifier, remoteAddress }: BanCandidate): boolean {
  if (ranges !== undefined) return ranges.has(remoteAddress);
  return ban.kind === "user" ? ban.value === owner : ban.value === clientIdentifier;
}

function known(ban: Ban): KnownBan {
  return { ban, ranges: ban.kind === "address" ? new AddressRanges([ban.value]) : undefined };
}

function rowId({ kind, value }: Pick<Ban, "kind" | "value">): string {
  return `${ROW}${kind}:${value}`;
}

function storedBan({ id, rule }: StoredRule): Ban {
  try {
    return banSchema.parse(JSON.parse(rule));
  } catch (cause) {
    throw new MqttError("STORE_DAMAGED", { detail: `the ban "${id}" cannot be read`, cause });
  }
}
