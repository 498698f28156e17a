import { copyFile, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Authority, isSameCertificate } from "./authority.ts";
import { hasTool, quote, runTool } from "./run-tool.ts";
import type { TrustStore } from "./trust-store.ts";

/** A Linux whose authorities are files in a folder, which a tool gathers. */
export interface LinuxAuthorities {
  folder: string;
  tool: string;
  args: readonly string[];
}

export const DEBIAN: LinuxAuthorities = { folder: "/usr/local/share/ca-certificates", tool: "update-ca-certificates", args: [] };
export const FEDORA: LinuxAuthorities = { folder: "/etc/pki/ca-trust/source/anchors", tool: "update-ca-trust", args: ["extract"] };

/** The authorities that programs like curl trust. Node.js trusts them when it runs with `--use-openssl-ca` or NODE_EXTRA_CA_CERTS. */
export class LinuxSystemStore implements TrustStore {
  readonly kind = "system";
  readonly name = "system (curl and other programs)";
  readonly #linux: LinuxAuthorities;
  readonly #isRoot: boolean;

  constructor(linux: LinuxAuthorities, isRoot: boolean) {
    this.#linux = linux;
    this.#isRoot = isRoot;
  }

  async isTrusted(authority: Authority): Promise<boolean> {
    return isSameCertificate(await readFile(this.#target(authority), "utf8").catch(() => ""), authority.pem);
  }

  installCommands(authority: Authority): string[] {
    return [`sudo cp ${quote(authority.file)} ${quote(this.#target(authority))}`, this.#refreshCommand];
  }

  removeCommands(authority: Authority): string[] {
    return [`sudo rm ${quote(this.#target(authority))}`, this.#refreshCommand];
  }

  async obstacle(): Promise<string | undefined> {
    if (!(await hasTool(this.#linux.tool)))
      return `${this.#linux.tool} is missing: install ca-certificates (apt install ca-certificates)`;
    return this.#isRoot ? undefined : "this needs root: run the commands yourself";
  }

  async install(authority: Authority): Promise<void> {
    await copyFile(authority.file, this.#target(authority));
    await this.#refresh();
  }

  async remove(authority: Authority): Promise<void> {
    await rm(this.#target(authority));
    await this.#refresh();
  }

  get #refreshCommand(): string {
    return `sudo ${[this.#linux.tool, ...this.#linux.args].join(" ")}`;
  }

  async #refresh(): Promise<void> {
    await runTool(this.#linux.tool, this.#linux.args);
  }

  // The tools take files that end in .crt only.
  #target(authority: Authority): string {
    return join(this.#linux.folder, `${authority.nickname.toLowerCase().replaceAll(" ", "-")}.crt`);
  }
}

/** macOS and Windows: we say the commands and leave them to their owner, since nobody has tried them from here. */
export class OtherSystemStore implements TrustStore {
  readonly kind = "system";
  readonly name: string;
  readonly #platform: "darwin" | "win32";

  constructor(platform: "darwin" | "win32") {
    this.#platform = platform;
    this.name = platform === "darwin" ? "macOS keychain (Safari, Chrome)" : "Windows certificates (Edge, Chrome)";
  }

  isTrusted(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  installCommands(authority: Authority): string[] {
    return this.#platform === "darwin"
      ? [`security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db ${quote(authority.file)}`]
      : [`certutil -addstore -user Root "${authority.file}"`];
  }

  removeCommands(authority: Authority): string[] {
    return this.#platform === "darwin"
      ? [`security remove-trusted-cert ${quote(authority.file)}`]
      : [`certutil -delstore -user Root ${authority.fingerprint.replaceAll(":", "")}`];
  }

  obstacle(): Promise<string> {
    return Promise.resolve("run the command yourself; on this system bowline only shows it");
  }

  install(): Promise<void> {
    return Promise.reject(new Error("not done on this system"));
  }

  remove(): Promise<void> {
    return Promise.reject(new Error("not done on this system"));
  }
}
