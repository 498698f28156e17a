import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Authority, isSameCertificate } from "./authority.ts";
import { hasTool, quote, runTool } from "./run-tool.ts";
import type { StoreKind, TrustStore } from "./trust-store.ts";

/** Trusted for servers, and for nothing else. */
const TRUST = "C,,";

/** A certificate database of NSS, which Firefox and (on Linux) Chromium use; `certutil` of libnss3-tools writes it. */
export class NssStore implements TrustStore {
  readonly kind: StoreKind;
  readonly name: string;
  readonly #folder: string;

  constructor(kind: StoreKind, name: string, folder: string) {
    this.kind = kind;
    this.name = name;
    this.#folder = folder;
  }

  async isTrusted(authority: Authority): Promise<boolean | undefined> {
    if (!(await exists(join(this.#folder, "cert9.db")))) return false;
    if (!(await hasTool("certutil"))) return undefined;
    const kept = await runTool("certutil", ["-L", "-d", this.#database, "-n", authority.nickname, "-a"]).catch(() => "");
    return isSameCertificate(kept, authority.pem);
  }

  installCommands(authority: Authority): string[] {
    return [`certutil ${this.#installArguments(authority).map(quote).join(" ")}`];
  }

  removeCommands(authority: Authority): string[] {
    return [`certutil ${this.#removeArguments(authority).map(quote).join(" ")}`];
  }

  async obstacle(): Promise<string | undefined> {
    return (await hasTool("certutil")) ? undefined : "certutil is missing: install libnss3-tools (apt install libnss3-tools)";
  }

  async install(authority: Authority): Promise<void> {
    if (!(await exists(join(this.#folder, "cert9.db")))) await this.#create();
    await runTool("certutil", this.#installArguments(authority));
  }

  async remove(authority: Authority): Promise<void> {
    await runTool("certutil", this.#removeArguments(authority));
  }

  /** Chromium makes its database when it first needs one, and takes one that is there. */
  async #create(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await runTool("certutil", ["-N", "--empty-password", "-d", this.#database]);
  }

  get #database(): string {
    return `sql:${this.#folder}`;
  }

  #installArguments(authority: Authority): string[] {
    return ["-A", "-d", this.#database, "-t", TRUST, "-n", authority.nickname, "-i", authority.file];
  }

  #removeArguments(authority: Authority): string[] {
    return ["-D", "-d", this.#database, "-n", authority.nickname];
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
