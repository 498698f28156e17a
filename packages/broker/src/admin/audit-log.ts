import { appendFile, chmod, readFile, rename, stat } from "node:fs/promises";
import type { Hono } from "hono";
import type { Logger } from "../log/logger.ts";
import { pageOf } from "./page-of.ts";

/** One change that somebody asked of the admin API, or tried to, or a refusal of who asks. Bodies and secrets are in none. */
export interface AuditEntry {
  /** ISO 8601. */
  readonly at: string;
  /** How the caller was known; `nobody` where it was not. */
  readonly by: string;
  /** Of the caller; undefined for the operator and for nobody. */
  readonly role?: "operator" | "tenant" | undefined;
  /** What it was about. */
  readonly tenant: string;
  readonly method: string;
  readonly path: string;
  /** What it was answered. */
  readonly status: number;
  /** Empty at the socket. */
  readonly from: string;
}

/** What the API tells of the past; the file has more. */
const REMEMBERED_MAX = 1_000;
/** Some 70,000 entries. Then the file is put aside, in place of the one before it. */
const FILE_BYTES_MAX = 16 * 1024 * 1024;

/** Who asked for which change, in a file that only its owner reads, a JSON text a line. */
export class AuditLog {
  readonly #file: string;
  readonly #logger: Logger;
  #entries: AuditEntry[] = [];
  #bytes = 0;
  #last: Promise<void> = Promise.resolve();

  private constructor(file: string, logger: Logger) {
    this.#file = file;
    this.#logger = logger;
  }

  /** Goes on with the file that is there. */
  static async open(file: string, logger: Logger): Promise<AuditLog> {
    const log = new AuditLog(file, logger);
    const text = await readFile(file, "utf8").catch(() => "");
    log.#bytes = (await stat(file).catch(() => undefined))?.size ?? 0;
    log.#entries = text.trimEnd().split("\n").slice(-REMEMBERED_MAX).flatMap(entryIn);
    return log;
  }

  record(entry: AuditEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length > 2 * REMEMBERED_MAX) this.#entries = this.#entries.slice(-REMEMBERED_MAX);
    this.#last = this.#last.then(() => this.#append(`${JSON.stringify(entry)}\n`));
  }

  /** The latest first; of one tenant, or of all. */
  list(tenant?: string): AuditEntry[] {
    const latest: AuditEntry[] = [];
    for (let i = this.#entries.length - 1; i >= 0 && latest.length < REMEMBERED_MAX; i--) {
      const entry = this.#entries[i]!;
      if (tenant === undefined || entry.tenant === tenant) latest.push(entry);
    }
    return latest;
  }

  /** Resolves when all is written. */
  close(): Promise<void> {
    return this.#last;
  }

  async #append(line: string): Promise<void> {
    try {
      if (this.#bytes + line.length > FILE_BYTES_MAX) {
        await rename(this.#file, `${this.#file}.1`);
        this.#bytes = 0;
      }
      await appendFile(this.#file, line, { mode: 0o600 });
      if (this.#bytes === 0) await chmod(this.#file, 0o600);
      this.#bytes += line.length;
    } catch (error) {
      // A full disk must not keep an operator from acting; the log has it then.
      this.#logger.error({ error, entry: line.trimEnd() }, "the audit log could not be written");
    }
  }
}

/** The changes of all tenants, and of the broker itself. */
export function addAuditRoute(app: Hono, audit: AuditLog): void {
  app.get("/api/v1/audit", (c) => {
    const { items, meta } = pageOf(c, audit.list());
    return c.json({ entries: items, meta });
  });
}

/** A line that a crash cut short is none. */
function entryIn(line: string): AuditEntry[] {
  try {
    return line === "" ? [] : [JSON.parse(line) as AuditEntry];
  } catch {
    return [];
  }
}
