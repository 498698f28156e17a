import { access, readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { NssStore } from "./nss-store.ts";
import { DEBIAN, FEDORA, LinuxSystemStore, OtherSystemStore } from "./system-store.ts";
import type { StoreKind, TrustStore } from "./trust-store.ts";

/** Where Firefox keeps its profiles: from Debian or Mozilla, as a snap, as a flatpak, and on macOS. */
const FIREFOX_FOLDERS = [
  ".mozilla/firefox",
  ".config/mozilla/firefox",
  "snap/firefox/common/.mozilla/firefox",
  ".var/app/org.mozilla.firefox/.mozilla/firefox",
  "Library/Application Support/Firefox/Profiles",
];
/** Chromium and its relatives share one database on Linux, at the old place or at the new one. */
const CHROMIUM_DATABASES = [".pki/nssdb", ".local/share/pki/nssdb"];
const CHROMIUM_PROFILES = [".config/chromium", ".config/google-chrome", ".config/BraveSoftware", ".config/microsoft-edge"];

/**
 * The trust stores of this machine and user. Without `kinds` those that exist; a kind that is named is there even when its
 * database must be made first.
 */
export async function findStores(kinds: readonly StoreKind[] | undefined): Promise<TrustStore[]> {
  const wanted = (kind: StoreKind): boolean => kinds === undefined || kinds.includes(kind);
  return [
    ...(wanted("system") ? await systemStores() : []),
    ...(wanted("firefox") ? await firefoxStores() : []),
    ...(wanted("chromium") ? await chromiumStores(kinds !== undefined) : []),
  ];
}

async function systemStores(): Promise<TrustStore[]> {
  if (process.platform === "darwin" || process.platform === "win32") return [new OtherSystemStore(process.platform)];
  if (process.platform !== "linux") return [];
  const linux = (await exists(FEDORA.folder)) ? FEDORA : DEBIAN;
  return [new LinuxSystemStore(linux, process.getuid?.() === 0)];
}

async function firefoxStores(): Promise<TrustStore[]> {
  const stores: TrustStore[] = [];
  for (const place of FIREFOX_FOLDERS) {
    const folder = join(homedir(), place);
    for (const profile of await readdir(folder).catch(() => [])) {
      const path = join(folder, profile);
      if (await exists(join(path, "cert9.db"))) stores.push(new NssStore("firefox", `Firefox profile ${profile}`, path));
    }
  }
  return stores;
}

async function chromiumStores(mayCreate: boolean): Promise<TrustStore[]> {
  if (process.platform !== "linux") return [];
  const stores = [];
  for (const place of CHROMIUM_DATABASES) {
    const path = join(homedir(), place);
    if (await exists(join(path, "cert9.db"))) stores.push(new NssStore("chromium", `Chromium and Chrome (~/${place})`, path));
  }
  if (stores.length > 0) return stores;
  const [place = ""] = CHROMIUM_DATABASES;
  const isUsed =
    mayCreate || (await Promise.all(CHROMIUM_PROFILES.map((profile) => exists(join(homedir(), profile))))).includes(true);
  return isUsed ? [new NssStore("chromium", `Chromium and Chrome (~/${place}, made anew)`, join(homedir(), place))] : [];
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
