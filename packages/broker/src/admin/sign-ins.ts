import { createHash, randomBytes } from "node:crypto";
import { Secret } from "../log/secret.ts";
import type { Caller } from "./caller.ts";

/** A link is for whoever sits at the terminal now. */
const LINK_LIFE_MS = 15 * 60_000;
/** A working day. */
const SIGN_IN_LIFE_MS = 12 * 60 * 60_000;
/** More of one tenant, or of the operator, means that something is wrong: the oldest is signed out, and nobody else's. */
const OF_ONE_SCOPE_MAX = 100;
/** Letters of what the log, the audit and MQTT call a sign-in by: no secret, and enough that no two are alike. */
const ID_LENGTH = 12;

/** A browser that is signed in. */
export interface SignIn {
  /** What it is called by where its cookie must not be. */
  readonly id: string;
  readonly caller: Caller;
  /** What the page must send with whatever is no read: no other page can know it. */
  readonly csrf: string;
}

interface Entry extends SignIn {
  /** Wall time in ms. */
  readonly until: number;
  /** False when what it was signed in with is worth nothing any more. */
  readonly isBacked: () => boolean;
}

/**
 * Browsers that are signed in, each for the operator or for one tenant, and single-use links that sign one in. Only hashes are kept, so that
 * looking up takes the same time for every guess and a dump of the memory shows no cookie. All of it is the process's: a new one knows
 * nobody.
 */
export class SignIns {
  /** Of each who was signed out, or whose tenant went. One whose time is over is found when somebody asks. */
  onEnd: (signIn: SignIn) => void = () => {};
  readonly #links = new Expiring<Caller>();
  readonly #entries = new Expiring<Entry>();
  readonly #wallTime: () => number;

  constructor(wallTime: () => number = Date.now) {
    this.#wallTime = wallTime;
  }

  /** A token that signs one browser in as that caller, once, within 15 minutes. */
  makeLink(caller: Caller): Secret {
    const token = newToken();
    this.#links.put(nameOf(token), caller, scopeOf(caller), this.#wallTime() + LINK_LIFE_MS, this.#wallTime());
    return new Secret(token);
  }

  /** The cookie of whoever opens a link, which is used up; undefined for what is none. */
  useLink(token: string): Secret | undefined {
    const caller = this.#links.get(nameOf(token), this.#wallTime());
    this.#links.delete(nameOf(token));
    return caller === undefined ? undefined : this.begin(caller);
  }

  /** The cookie of a browser that signed in otherwise; it lasts as long as `isBacked` says so, and twelve hours at most. */
  begin(caller: Caller, isBacked: () => boolean = () => true): Secret {
    const cookie = newToken();
    const name = nameOf(cookie);
    const until = this.#wallTime() + SIGN_IN_LIFE_MS;
    const id = digest(`id ${cookie}`).slice(0, ID_LENGTH);
    const csrf = digest(`csrf ${cookie}`);
    const entry: Entry = { id, caller: { ...caller, signIn: id }, csrf, until, isBacked };
    const oldest = this.#entries.put(name, entry, scopeOf(caller), until, this.#wallTime());
    if (oldest !== undefined) this.onEnd(oldest);
    return new Secret(cookie);
  }

  find(cookie: string): SignIn | undefined {
    const entry = this.#entries.get(nameOf(cookie), this.#wallTime());
    return entry?.isBacked() === true ? entry : undefined;
  }

  /** Whether somebody is signed in who is called so. */
  isLive(id: string): boolean {
    for (const entry of this.#entries.values()) if (entry.id === id) return entry.until > this.#wallTime() && entry.isBacked();
    return false;
  }

  /** What some were signed in with has changed: those for whom it is worth nothing any more are signed out. */
  endUnbacked(): void {
    for (const entry of this.#entries.deleteAll(({ isBacked }) => !isBacked())) this.onEnd(entry);
  }

  end(cookie: string): void {
    const entry = this.#entries.delete(nameOf(cookie));
    if (entry !== undefined) this.onEnd(entry);
  }

  /** The tenant goes: nobody of a later one of that name gets in with what was given out for it. */
  drop(tenant: string): void {
    const isOfIt = (caller: Caller): boolean => caller.role === "tenant" && caller.tenant === tenant;
    this.#links.deleteAll(isOfIt);
    for (const entry of this.#entries.deleteAll(({ caller }) => isOfIt(caller))) this.onEnd(entry);
  }
}

/** Values that end, no more than so many of one scope: a tenant fills its own place and nobody else's. */
class Expiring<T> {
  readonly #rows = new Map<string, { value: T; scope: string; until: number }>();

  /** Answers the one that had to make room. */
  put(name: string, value: T, scope: string, until: number, now: number): T | undefined {
    for (const [key, row] of this.#rows) if (row.until <= now) this.#rows.delete(key);
    const others = [...this.#rows].filter(([, row]) => row.scope === scope);
    this.#rows.set(name, { value, scope, until });
    return others.length < OF_ONE_SCOPE_MAX ? undefined : this.delete(others[0]![0]);
  }

  get(name: string, now: number): T | undefined {
    const row = this.#rows.get(name);
    return row !== undefined && row.until > now ? row.value : undefined;
  }

  delete(name: string): T | undefined {
    const row = this.#rows.get(name);
    this.#rows.delete(name);
    return row?.value;
  }

  deleteAll(isMeant: (value: T) => boolean): T[] {
    const meant = [...this.#rows].filter(([, { value }]) => isMeant(value));
    for (const [name] of meant) this.#rows.delete(name);
    return meant.map(([, { value }]) => value);
  }

  *values(): Iterable<T> {
    for (const { value } of this.#rows.values()) yield value;
  }
}

function scopeOf(caller: Caller): string {
  return caller.role === "operator" ? "" : caller.tenant;
}

function newToken(): string {
  return randomBytes(32).toString("base64url");
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function nameOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
